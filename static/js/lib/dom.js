/**
 * Return the one element that the page must have; its absence is a mistake of ours.
 *
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} type
 * @returns {T}
 */
export function find(root, selector, type) {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`The page has no ${type.name} at ${selector}`);
  return element;
}

/**
 * @param {ParentNode} root
 * @param {string} name
 */
export function field(root, name) {
  return find(root, `[data-field="${name}"]`, HTMLElement);
}

/**
 * Change a text only where it differs, so that selections and screen readers are left in peace.
 *
 * @param {ParentNode} root
 * @param {string} name
 * @param {string} text
 */
export function write(root, name, text) {
  const element = field(root, name);
  if (element.textContent !== text) element.textContent = text;
}

/** @param {ParentNode} root @param {string} name */
export function slotOf(root, name) {
  return find(root, `[data-slot="${name}"]`, HTMLElement);
}

/** @param {ParentNode} root @param {string} action */
export function buttonOf(root, action) {
  return find(root, `[data-action="${action}"]`, HTMLButtonElement);
}

/**
 * Make an element.
 *
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Partial<HTMLElementTagNameMap[Name]>} properties
 * @param {(string | Node)[]} content
 * @returns {HTMLElementTagNameMap[Name]}
 */
export function create(name, properties, ...content) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...content);
  return element;
}

/** Give `parent` these children; where it has them already, nothing is touched. @param {Element} parent @param {Element[]} children */
export function arrange(parent, children) {
  const isSame =
    parent.children.length === children.length && children.every((child, i) => child === parent.children[i]);
  if (!isSame) parent.replaceChildren(...children);
}

/**
 * Return a copy of what a <template> holds.
 *
 * @param {string} id
 */
export function copyOf(id) {
  const { content } = find(document, `#${id}`, HTMLTemplateElement);
  const copy = document.importNode(content, true).firstElementChild;
  if (!(copy instanceof HTMLElement)) throw new Error(`The template ${id} is empty`);
  return copy;
}

/**
 * Call `act` with the name of the `data-action` that was pressed inside `root`.
 *
 * @param {HTMLElement} root
 * @param {(action: string, button: HTMLElement) => void} act
 */
export function onAction(root, act) {
  root.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
    if (button instanceof HTMLElement) act(button.dataset.action ?? "", button);
  });
}

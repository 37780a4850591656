/** @import { Cluster, ClusterActor, ClusterNode } from "../api/types.js" */
import { startPage } from "../components/common/page.js";
import { fillProblem } from "../components/common/problem-box.js";
import { problemOf } from "../api/client.js";
import { getCluster } from "../api/settings.js";
import { create, find, slotOf, write } from "../lib/dom.js";
import { clock, filesize } from "../lib/format.js";
import { label } from "../lib/labels.js";

const POLL_MS = 2000;

startPage();
const root = find(document, "[data-cluster]", HTMLElement);
const nodes = find(root, "[data-nodes]", HTMLElement);
const actors = find(root, "[data-actors]", HTMLElement);
const problemBox = slotOf(root, "problem");
void look();

async function look() {
  try {
    show(await getCluster());
  } catch (error) {
    tell(problemOf(error));
  }
  setTimeout(() => void look(), POLL_MS);
}

/** @param {Cluster} cluster */
function show(cluster) {
  tell(cluster.problem);
  const ready = cluster.actors.filter(({ state }) => state === "free" || state === "busy");
  write(root, "nodes", String(cluster.nodes.filter(({ state }) => state !== "gone").length));
  write(root, "busy", `${ready.filter(({ state }) => state === "busy").length} / ${ready.length}`);
  write(root, "waiting", String(cluster.waiting));
  write(root, "throughput", String(cluster.speech_hours_per_hour));
  const cost = cluster.cost_per_speech_hour;
  if (cost !== null) write(root, "cost", String(Number(cost.toPrecision(3))));
  fill("nodes", nodes, cluster.nodes.map(nodeRow));
  fill("actors", actors, cluster.actors.map(actorRow));
}

/**
 * Show a table, or what stands in its place while it has no rows.
 * @param {"nodes" | "actors"} name @param {HTMLElement} body @param {HTMLTableRowElement[]} rows
 */
function fill(name, body, rows) {
  body.replaceChildren(...rows);
  slotOf(root, name).hidden = rows.length === 0;
  slotOf(root, `no-${name}`).hidden = rows.length > 0;
}

/** @param {Cluster["problem"]} problem */
function tell(problem) {
  problemBox.hidden = !problem;
  if (!problem) return;
  fillProblem(problemBox, problem);
  for (const message of document.querySelectorAll("[data-health] .problem__message")) {
    const above = message.closest("[data-health]");
    if (above instanceof HTMLElement && message.textContent === problem.message) above.remove(); // told once is enough
  }
}

/** @param {ClusterNode} node */
function nodeRow(node) {
  const state = label("node_state", node.state) + (node.reason && `: ${node.reason}`);
  const busy = node.speech_seconds ? clock(node.computing_seconds) : "–";
  const facts = [node.cpus, node.gpus, filesize(node.memory_bytes), node.actors, node.segments];
  const cells = [...facts.map(String), clock(node.speech_seconds), busy].map((text) => create("td", {}, text));
  const why = create("td", { className: node.reason && "nodes__why" }, state);
  return create("tr", {}, create("th", { scope: "row" }, node.name), why, ...cells);
}

/** @param {ClusterActor} actor */
function actorRow(actor) {
  const memory = actor.memory_bytes === null ? "–" : filesize(actor.memory_bytes);
  const facts = [actor.node || "–", label("actor_state", actor.state), clock(actor.seconds), actor.model, actor.device];
  const cells = [...facts, String(actor.segments), memory].map((text) => create("td", {}, text));
  return create("tr", {}, create("th", { scope: "row" }, actor.name), ...cells);
}

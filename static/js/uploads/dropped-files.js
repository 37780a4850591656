/** @typedef {{file: File, path: string}} ChosenFile a file, and where it lay below what was dropped or chosen */

const SOUND =
  /\.(wav|mp3|m4a|aac|flac|ogg|oga|opus|wma|amr|aif|aiff|ape|caf|wv|mp2|ac3|mka|webm|mp4|m4v|mov|mkv|avi|wmv|flv|mpg|mpeg|ts|3gp|3g2)$/i;

/**
 * Return every file of a drop, those of folders with their paths.
 *
 * @param {DataTransfer} transfer
 * @returns {Promise<ChosenFile[]>}
 */
export async function filesOfDrop(transfer) {
  // The entries must be taken before the first await: afterwards the browser empties the transfer.
  const entries = [...transfer.items].map((item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  const plain = [...transfer.files];
  const found = await Promise.all(entries.map((entry) => (entry ? filesOfEntry(entry) : [])));
  return found.some((files) => files.length) ? found.flat() : plain.map((file) => ({ file, path: file.name }));
}

/** @param {Iterable<File>} files of an input; those of a chosen folder know their paths @returns {ChosenFile[]} */
export function filesOfInput(files) {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Whether a file in a folder is worth sending; a folder holds pictures, lists and hidden files too. @param {ChosenFile} found */
export function isRecording({ file, path }) {
  if (file.name.startsWith(".")) return false;
  return !path.includes("/") || SOUND.test(file.name) || /^(audio|video)\//.test(file.type);
}

/** @param {FileSystemEntry} entry @returns {Promise<ChosenFile[]>} */
async function filesOfEntry(entry) {
  const path = entry.fullPath.replace(/^\//, "");
  if (isFile(entry)) return [{ file: await fileOf(entry), path }];
  if (!isFolder(entry)) return [];
  const found = [];
  for (const child of await childrenOf(entry)) found.push(...(await filesOfEntry(child)));
  return found;
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemFileEntry} */
function isFile(entry) {
  return entry.isFile;
}

/** @param {FileSystemEntry} entry @returns {entry is FileSystemDirectoryEntry} */
function isFolder(entry) {
  return entry.isDirectory;
}

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
function fileOf(entry) {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}

/**
 * A folder is read in parts (chromium: 100 entries) until a part is empty.
 *
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<FileSystemEntry[]>}
 */
async function childrenOf(folder) {
  const reader = folder.createReader();
  const children = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!part.length) return children;
    children.push(...part);
  }
}

/** @import { Change, Edits, Segment, Word } from "./types.js" */
import { send } from "./client.js";

/** Without words: those of a long text come with the part that is looked at. @param {string} id @returns {Promise<Edits>} */
export const getEdits = async (id) => withoutWords(await send("GET", `/transcriptions/${id}/edits?words=false`));

/** @param {string} id @param {number} first @param {number} last @returns {Promise<Edits>} */
export const getEditsBetween = (id, first, last) =>
  send("GET", `/transcriptions/${id}/edits?first=${first}&last=${last}`);

/** @param {string} id @param {number} revision @param {Change[]} changes @returns {Promise<Edits>} */
export const changeEdits = (id, revision, changes) =>
  send("PATCH", `/transcriptions/${id}/edits`, { revision, changes });

/** @param {string} id @param {number} first @param {number} last @returns {Promise<{segments: (Segment & {words: Word[]})[]}>} */
export const getSegmentsBetween = (id, first, last) =>
  send("GET", `/transcriptions/${id}/segments?first=${first}&last=${last}`);

/** @param {Edits} answer */
function withoutWords(answer) {
  for (const { pieces } of answer.edits) for (const piece of pieces) piece.words = null;
  return answer;
}

const HEAD_BYTES = 44;

/**
 * Write mono int16 samples as a WAV file.
 *
 * @param {Int16Array<ArrayBuffer>[]} chunks
 * @param {number} rate in Hz
 */
export function wavOf(chunks, rate) {
  const bytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  writeText(head, 0, "RIFF");
  head.setUint32(4, HEAD_BYTES - 8 + bytes, true);
  writeText(head, 8, "WAVEfmt ");
  head.setUint32(16, 16, true); // bytes of the format
  head.setUint16(20, 1, true); // PCM
  head.setUint16(22, 1, true); // channels
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * rate, true); // bytes a second
  head.setUint16(32, 2, true); // bytes of one sample in all channels
  head.setUint16(34, 16, true); // bits
  writeText(head, 36, "data");
  head.setUint32(40, bytes, true);
  return new Blob([head, ...chunks], { type: "audio/wav" });
}

/** @param {DataView<ArrayBuffer>} view @param {number} at @param {string} text */
function writeText(view, at, text) {
  [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
}

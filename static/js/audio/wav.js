const HEAD_BYTES = 44;
export const UNKNOWN_BYTES = 0xffffffff; // of a file that still grows

/**
 * Write int16 samples as a WAV file.
 *
 * @param {Int16Array<ArrayBuffer>[]} chunks interleaved, where there are several channels
 * @param {number} rate in Hz
 * @param {number} [channels]
 */
export function wavOf(chunks, rate, channels = 1) {
  const bytes = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
  return new Blob([wavHead(bytes, rate, channels), ...chunks], { type: "audio/wav" });
}

/** @param {number} bytes of samples @param {number} rate in Hz @param {number} channels */
export function wavHead(bytes, rate, channels) {
  const head = new DataView(new ArrayBuffer(HEAD_BYTES));
  writeText(head, 0, "RIFF");
  head.setUint32(4, Math.min(UNKNOWN_BYTES, HEAD_BYTES - 8 + bytes), true);
  writeText(head, 8, "WAVEfmt ");
  head.setUint32(16, 16, true); // bytes of the format
  head.setUint16(20, 1, true); // PCM
  head.setUint16(22, channels, true);
  head.setUint32(24, rate, true);
  head.setUint32(28, 2 * channels * rate, true); // bytes a second
  head.setUint16(32, 2 * channels, true); // bytes of one sample in all channels
  head.setUint16(34, 16, true); // bits
  writeText(head, 36, "data");
  head.setUint32(40, bytes, true);
  return head;
}

/** @param {DataView<ArrayBuffer>} view @param {number} at @param {string} text */
function writeText(view, at, text) {
  [...text].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
}

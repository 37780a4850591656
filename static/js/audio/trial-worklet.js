// The smallest worklet there is: whether it can be loaded is all that the doctor asks.
registerProcessor(
  "trial",
  class extends AudioWorkletProcessor {
    process() {
      return false;
    }
  },
);

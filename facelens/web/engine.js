// ONNX Runtime in WASM: one thread, so that no host has to send headers for shared memory.
let ort;

/** Start the runtime from its unpacked WASM. */
export async function start(base, wasm) {
  ort = await import("./ort/ort.wasm.min.mjs");
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = { mjs: new URL("ort/ort-wasm-simd-threaded.mjs", base).href };
  ort.env.wasm.wasmBinary = wasm;
  ort.env.logLevel = "error";
}

/** Open a graph: `run(feeds, wanted)` gives the data and shape of each output. */
export async function openGraph(bytes) {
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return {
    takes: session.inputNames,
    gives: session.outputNames,
    async run(feeds, wanted = session.outputNames) {
      const found = await session.run(feeds, wanted);
      return Object.fromEntries(wanted.map((name) => {
        const { data, dims } = found[name];
        return [name, { data, dims }];
      }));
    },
  };
}

export const tensor = (type, data, dims) => new ort.Tensor(type, data, dims);

// Whole numbers are given as text: JavaScript rounds those above 2^53. Runs models with ONNX Runtime for OnnxRuntimePeer.cs: node peer.mjs FOLDER-OF-THE-PACKAGE CASES.json RESULTS.json
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const [, , peers, casesFile, resultsFile] = process.argv;
const ort = createRequire(peers)("onnxruntime-node");
const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array };

const results = [];
for (const { model, inputs, outputs } of JSON.parse(readFileSync(casesFile))) {
  try {
    const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1 });
    const feeds = {};
    for (const [name, { type, dims, data }] of Object.entries(inputs))
      feeds[name] = new ort.Tensor(type, arrays[type].from(data.map(type === "int64" ? BigInt : Number)), dims);
    const found = await session.run(feeds);
    results.push({ outputs: outputs.map((name) => Array.from(found[name].data, Number)) });
    await session.release();
  } catch (error) {
    results.push({ error: String(error.message ?? error) });
  }
}
writeFileSync(resultsFile, JSON.stringify(results));

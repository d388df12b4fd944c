// Runs ONNX models for the tests. Each line of standard input is a request {"model": PATH, "runs": [{NAME: {"type": "float32" | "int64", "dims": [...], "data": PATH}}]}; its answer is a line
// {"runs": [{NAME: {"dims": [...], "data": PATH}}]} or {"error": TEXT}. Numbers are files of little-endian numbers.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFileSync, writeFileSync } from 'node:fs';

const ort = createRequire(process.argv[2] + '/')('onnxruntime-node');
ort.env.logLevel = 'error';

function tensor({ type, dims, data }) {
  const bytes = readFileSync(data);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return new ort.Tensor(type, type === 'int64' ? new BigInt64Array(buffer) : new Float32Array(buffer), dims);
}

async function answer({ model, runs }) {
  const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const answers = [];
  for (const [number, inputs] of runs.entries()) {
    const outputs = await session.run(Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tensor(value)])));
    const written = {};
    for (const [name, value] of Object.entries(outputs)) {
      const path = `${model}.${number}.${Object.keys(written).length}`;
      writeFileSync(path, new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength));
      written[name] = { dims: value.dims, data: path };
    }
    answers.push(written);
  }
  return { runs: answers };
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await answer(JSON.parse(line));
  } catch (error) {
    reply = { error: String(error.message ?? error).replaceAll('\n', ' ') };
  }
  process.stdout.write(JSON.stringify(reply) + '\n');
}

// Runs ONNX models for the tests. Each line of standard input is a request {"model": PATH, "runs": [{NAME: {"type": "float32" | "int32" | "int64", "dims": [...], "data": PATH}}]}; its answer is a line
// {"runs": [{NAME: {"dims": [...], "data": PATH}}]} or {"error": TEXT}. Data are files of little-endian numbers; outputs are written as float32 whatever they are.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { readFileSync, writeFileSync } from 'node:fs';

const ort = createRequire(process.argv[2] + '/')('onnxruntime-node');
const arrays = { float32: Float32Array, int32: Int32Array, int64: BigInt64Array };

function tensor({ type, dims, data }) {
  const bytes = readFileSync(data);
  return new ort.Tensor(type, new arrays[type](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)), dims);
}

async function answer({ model, runs }) {
  const session = await ort.InferenceSession.create(model, { logSeverityLevel: 4, intraOpNumThreads: 1, interOpNumThreads: 1 });
  const answers = [];
  for (const [number, inputs] of runs.entries()) {
    const outputs = await session.run(Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, tensor(value)])));
    const written = {};
    for (const [name, value] of Object.entries(outputs)) {
      const path = `${model}.out.${number}.${Object.keys(written).length}`;
      const numbers = value.type === 'float32' ? value.data : Float32Array.from(value.data, Number);
      writeFileSync(path, new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
      written[name] = { dims: value.dims, data: path };
    }
    answers.push(written);
  }
  await session.release();
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

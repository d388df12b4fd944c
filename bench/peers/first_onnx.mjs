// The logarithm of the probability of a line of text, by ONNX Runtime, from an exported character-level model: first_onnx.mjs MODEL WEIGHTS TEXT. The vocabulary is read from the weights' file, which has it as text.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const ort = createRequire(import.meta.url)('onnxruntime-node');
const [model, weights, text] = process.argv.slice(2);
const file = readFileSync(weights);
const { symbols: names } = JSON.parse(JSON.parse(file.subarray(8, 8 + Number(file.readBigUInt64LE()))).__metadata__.vocabulary);
const line = [...`\n${text}\n`].map((letter) => names.indexOf(letter));

const session = await ort.InferenceSession.create(model);
const { logits } = await session.run({ symbols: new ort.Tensor('int64', BigInt64Array.from(line.slice(0, -1).map(BigInt)), [1, line.length - 1]) });
let sum = 0;
for (let step = 0; step < line.length - 1; step++) {
  const row = logits.data.subarray(step * names.length, (step + 1) * names.length);
  const most = Math.max(...row);
  sum += row[line[step + 1]] - most - Math.log(row.reduce((all, value) => all + Math.exp(value - most), 0));
}
console.log(JSON.stringify({ log_probability: sum }));

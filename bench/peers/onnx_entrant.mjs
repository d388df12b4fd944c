// ONNX Runtime's side of the race (see race.py): inference of one LSTM, GRU or RNN node, or its LSTM with 8-bit weights (DynamicQuantizeLSTM), made here byte by byte. The weights are constants of the model, so
// that it packs them once. Time comes first in its input and output, [time, batch, features]: the only layout its CPU kernels have.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(import.meta.url);
const ort = require("onnxruntime-node");

// ---- Protobuf, as much of it as a model needs ----

function varint(value) {
  const bytes = [];
  for (value = BigInt(value); value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128);
  return Buffer.from([...bytes, Number(value)]);
}

const whole = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);

function bytes(field, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : part)));
  return Buffer.concat([varint((field << 3) | 2), varint(body.length), body]);
}

const tensor = (name, dims, values) =>
  Buffer.concat([...dims.map((d) => whole(1, d)), whole(2, values instanceof Int8Array ? 3 : 1), bytes(8, name), bytes(9, Buffer.from(values.buffer, values.byteOffset, values.byteLength))]);
const valueInfo = (name, dims) => Buffer.concat([bytes(1, name), bytes(2, bytes(1, whole(1, 1), bytes(2, ...dims.map((d) => bytes(1, whole(1, d))))))]);
const integer = (name, value) => bytes(5, bytes(1, name), whole(3, value), whole(20, 2));

// ---- The layer ----

// The numbers every entrant computes with (LayerWork.cs).
function numbers(which, scale, count) {
  const values = new Float32Array(count);
  const salt = Math.imul(which, 2246822519);
  for (let i = 0; i < count; i++) {
    let mixed = Math.imul(i + 1, 2654435761) ^ salt;
    mixed = Math.imul(mixed ^ (mixed >>> 15), 2654435769);
    values[i] = ((mixed >>> 16) / 65536 - 0.5) * scale;
  }
  return values;
}

// Which of PyTorch's gates stands at each of ONNX's places: i, o, f, c of i, f, g, o; z, r, h of r, z, n.
const cells = {
  lstm: { node: "LSTM", order: [0, 3, 1, 2] },
  gru: { node: "GRU", order: [1, 0, 2], attributes: [integer("linear_before_reset", 1)] },
  "gru-before": { node: "GRU", order: [1, 0, 2] },
  elman: { node: "RNN", order: [0] },
};

function gates(values, order, size) {
  const to = new Float32Array(values.length);
  order.forEach((from, at) => to.set(values.subarray(from * size, (from + 1) * size), at * size));
  return to;
}

function timeFirst(values, first, second, features) {
  const to = new Float32Array(values.length);
  for (let a = 0; a < first; a++)
    for (let b = 0; b < second; b++) to.set(values.subarray((a * second + b) * features, (a * second + b + 1) * features), (b * first + a) * features);
  return to;
}

// Rows of a matrix as whole numbers from -127 to 127 and a scale for each; the matrix transposed, as DynamicQuantizeLSTM takes it.
function rounded(name, values, rows) {
  const columns = values.length / rows, numbers = new Int8Array(values.length), scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const some = values.subarray(row * columns, (row + 1) * columns);
    scales[row] = some.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127;
    some.forEach((value, column) => (numbers[column * rows + row] = Math.round(value / scales[row])));
  }
  return { matrix: tensor(name, [1, columns, rows], numbers), scales: [tensor(`${name}_scale`, [1, rows], scales), tensor(`${name}_zero_point`, [1, rows], new Int8Array(rows))] };
}

async function prepare({ cell, weights = "f32", T, B, I, H, threads }) {
  const { node, order, attributes = [] } = cells[cell];
  const g = order.length, scale = Math.fround(1 / Math.sqrt(H)), states = node === "LSTM" ? 2 : 1;
  const bias = new Float32Array(2 * g * H);
  bias.set(gates(numbers(6, scale, g * H), order, H));
  if (cell === "gru") bias.set(numbers(7, scale, H), bias.length - H);
  const w = gates(numbers(4, scale, g * H * I), order, H * I), r = gates(numbers(5, scale, g * H * H), order, H * H);
  const constants = [tensor("B", [1, 2 * g * H], bias)], more = [];
  if (weights === "int8") {
    for (const { matrix, scales } of [rounded("W", w, g * H), rounded("R", r, g * H)]) constants.push(matrix, ...scales);
    more.push("", "W_scale", "W_zero_point", "R_scale", "R_zero_point");
  } else constants.push(tensor("W", [1, g * H, I], w), tensor("R", [1, g * H, H], r));
  const inputs = { X: [T, B, I], h: [1, B, H], c: [1, B, H] };
  const names = ["X", "h", "c"].slice(0, 1 + states);
  const kind = weights === "int8" ? [bytes(4, "DynamicQuantizeLSTM"), bytes(7, "com.microsoft")] : [bytes(4, node)];
  const body = bytes(1, ...["X", "W", "R", "B", "", ...names.slice(1), ...more].map((name) => bytes(1, name)), bytes(2, "Y"), ...kind, integer("hidden_size", H), ...attributes);
  const graph = [body, bytes(2, "layer"), ...constants.map((c) => bytes(5, c)), ...names.map((name) => bytes(11, valueInfo(name, inputs[name]))), bytes(12, valueInfo("Y", [T, 1, B, H]))];
  const model = Buffer.concat([whole(1, 8), bytes(7, ...graph), bytes(8, whole(2, 14)), bytes(8, bytes(1, "com.microsoft"), whole(2, 1))]);
  const session = await ort.InferenceSession.create(model, {
    executionProviders: ["cpu"], intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: "sequential", graphOptimizationLevel: "all", logSeverityLevel: 3,
  });
  const feeds = { X: new ort.Tensor("float32", timeFirst(numbers(1, 1, T * B * I), B, T, I), inputs.X) };
  for (let s = 0; s < states; s++) feeds["hc"[s]] = new ort.Tensor("float32", numbers(2 + s, 1, B * H), inputs.h);
  // The output is written where it stood before, so that nothing is allocated.
  const fetches = { Y: new ort.Tensor("float32", new Float32Array(T * B * H), [T, 1, B, H]) };
  return { step: () => session.run(feeds, fetches), release: () => session.release() };
}

async function answer(request, ready) {
  const { work, cell, weights, mode, T, B, H } = request;
  if (work === "about") {
    const version = JSON.parse(readFileSync(new URL("node_modules/onnxruntime-node/package.json", import.meta.url))).version;
    return { about: `version ${version}, node ${process.versions.node}` };
  }
  if (mode !== "infer" || !cells[cell] || (weights === "int8" && cell !== "lstm")) return { unsupported: `ONNX Runtime has no ${mode === "infer" ? `cell '${cell}'` : "training"} here` };
  if (work === "values") {
    const layer = await prepare(request);
    return { values: { inference: [...timeFirst((await layer.step()).Y.data, T, B, H)] } };
  }
  const key = JSON.stringify({ ...request, seconds: 0 });
  if (ready.key !== key) {
    await ready.release?.();
    Object.assign(ready, await prepare(request), { key });
  }
  const milliseconds = [], start = performance.now();
  do {
    const before = performance.now();
    await ready.step();
    milliseconds.push(performance.now() - before);
  } while (performance.now() - start < 1000 * request.seconds);
  return { milliseconds };
}

const ready = {};
for await (const line of createInterface({ input: process.stdin })) process.stdout.write(JSON.stringify(await answer(JSON.parse(line), ready)) + "\n");

#!/usr/bin/env python3
"""What PyTorch computes for nn.RNN, nn.LSTM and nn.GRU, and for two LSTMs it has no layer for, written out here as a loop
over sequences and steps: one small JSON file for each case in recurrent/.

    python3 make_recurrent.py            writes the files
    python3 make_recurrent.py --check    compares them with what PyTorch computes now (exit status 1 on a difference)

Needs PyTorch (Debian: python3-torch). Every given number is a float32; PyTorch computes in float64, so the figures are
right to all their nine digits. The loss is a random linear form of the outputs and the final states, whose coefficients
stand in the file as the gradients of "output", "h_n" and "c_n"; everything else's gradient is PyTorch's answer.
Shapes are PyTorch's, batch first: input [batch, time, features], h0 [layers * directions, batch, hidden].
Ragged cases go through pack_padded_sequence (unsorted); padding of the output is zero.
"""
import json
import pathlib
import sys

import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FOLDER = pathlib.Path(__file__).parent / "recurrent"
BATCH, TIME, INPUT = 3, 5, 4



def peephole(p, x, h, c):
    """Gers, Schraudolph & Schmidhuber 2002."""
    i, f, g, o = (p["weight_ih"] @ x + p["weight_hh"] @ h + p["bias_ih"]).chunk(4)
    c_next = torch.sigmoid(f + p["vector_p_f"] * c) * c + torch.sigmoid(i + p["vector_p_i"] * c) * torch.tanh(g)
    return torch.sigmoid(o + p["vector_p_o"] * c_next) * torch.tanh(c_next), c_next


def layer_norm(p, x, h, c):
    """Ba, Kiros & Hinton 2016, supplement; the biases of the four gates, then that of the cell state's normalisation."""
    def normal(v, gain):
        return torch.nn.functional.layer_norm(v, v.shape, gain)

    size = len(h)
    a = normal(p["weight_ih"] @ x, p["gain_x"]) + normal(p["weight_hh"] @ h, p["gain_h"]) + p["bias_ih"][:4 * size]
    i, f, g, o = a.chunk(4)
    c_next = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(normal(c_next, p["gain_c"]) + p["bias_ih"][4 * size:]), c_next


class Written(torch.nn.Module):
    """Layers of an LSTM given by its step; parameter sizes are given in hidden sizes."""

    def __init__(self, step, vectors, input_size, hidden_size, num_layers, bidirectional, batch_first):
        super().__init__()
        self.step, self.hidden, self.layers, self.directions = step, hidden_size, num_layers, 2 if bidirectional else 1
        for k in range(num_layers * self.directions):
            width = input_size if k < self.directions else hidden_size * self.directions
            sizes = {"weight_ih": (4 * hidden_size, width), "weight_hh": (4 * hidden_size, hidden_size)}
            sizes.update({name: (count * hidden_size,) for name, count in vectors.items()})
            for name, size in sizes.items():
                self.register_parameter(name + self.suffix(k), torch.nn.Parameter(torch.empty(size)))
        self.names = list(sizes)

    def suffix(self, k):
        return f"_l{k // self.directions}" + ("_reverse" if k % self.directions else "")

    def forward(self, x, state, lengths):
        last = {}
        for layer in range(self.layers):
            rows = [[None] * self.directions for _ in x]
            for k in range(layer * self.directions, (layer + 1) * self.directions):
                direction = k % self.directions
                parameters = {name: getattr(self, name + self.suffix(k)) for name in self.names}
                for b, length in enumerate(lengths):
                    h, c = state[0][k, b], state[1][k, b]
                    outputs = [torch.zeros(self.hidden, dtype=x.dtype)] * x.shape[1]
                    for t in reversed(range(length)) if direction else range(length):
                        h, c = self.step(parameters, x[b, t], h, c)
                        outputs[t] = h
                    rows[b][direction] = torch.stack(outputs)
                    last[k, b] = h, c
            x = torch.stack([torch.cat(row, 1) for row in rows])
        count = self.layers * self.directions
        return x, [torch.stack([torch.stack([last[k, b][s] for b in range(len(lengths))]) for k in range(count)]) for s in range(2)]


CELLS = {
    "rnn-tanh": lambda **o: torch.nn.RNN(nonlinearity="tanh", **o),
    "rnn-relu": lambda **o: torch.nn.RNN(nonlinearity="relu", **o),
    "lstm": torch.nn.LSTM,
    "gru": torch.nn.GRU,
    "lstm-peephole": lambda **o: Written(peephole, {"bias_ih": 4, "vector_p_i": 1, "vector_p_f": 1, "vector_p_o": 1}, **o),
    "lstm-layer-norm": lambda **o: Written(layer_norm, {"gain_x": 4, "gain_h": 4, "gain_c": 1, "bias_ih": 5}, **o),
}
# name: (hidden size, layers, bidirectional, lengths); a hidden size of 20 crosses a block of 16 units.
SHAPES = {
    "1-layer": (3, 1, False, None),
    "2-layers": (3, 2, False, None),
    "1-layer-ragged": (3, 1, False, [2, 5, 1]),
    "bidirectional-ragged": (3, 1, True, [5, 1, 4]),
    "2-layers-bidirectional-ragged": (3, 2, True, [3, 5, 2]),
    "wide-ragged": (20, 1, False, [4, 2, 5]),
}


def case(cell, shape, seed, known=None):
    """The figures of one case; what is given is drawn at random, or taken from figures already known."""
    hidden, layers, bidirectional, lengths = SHAPES[shape]
    random = torch.Generator().manual_seed(seed)

    def given_numbers(name, sizes, field="values", scale=1.0):  # float32 numbers, computed with as float64
        if known is None:
            return (torch.randn(*sizes, generator=random) * scale).double()
        entry = known[name] if name in known else known["parameters"][name]
        return torch.tensor(entry[field], dtype=torch.float64).float().double().reshape(sizes)

    layer = CELLS[cell](input_size=INPUT, hidden_size=hidden, num_layers=layers, bidirectional=bidirectional, batch_first=True).double()
    # Smaller weights for relu, which does not bound its gradients: figures of size 1 can be compared to five decimals.
    scale = (0.5 if cell == "rnn-relu" else 1) * hidden**-0.5
    for name, parameter in layer.named_parameters():
        parameter.data = given_numbers(name, parameter.shape, scale=scale)
    count = layers * (2 if bidirectional else 1)
    sizes = {"input": (BATCH, TIME, INPUT), "h0": (count, BATCH, hidden)}
    has_c = cell.startswith("lstm")
    if has_c:
        sizes["c0"] = (count, BATCH, hidden)
    given = {name: given_numbers(name, size).requires_grad_() for name, size in sizes.items()}
    state = (given["h0"], given["c0"]) if has_c else given["h0"]

    if isinstance(layer, Written):
        output, last = layer(given["input"], state, lengths or [TIME] * BATCH)
    elif lengths is None:
        output, last = layer(given["input"], state)
    else:
        packed = pack_padded_sequence(given["input"], torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        output, last = layer(packed, state)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=TIME)
    made = {"output": output, "h_n": last[0] if has_c else last}
    if has_c:
        made["c_n"] = last[1]
    weights = {name: given_numbers(name, tensor.shape, field="gradient") for name, tensor in made.items()}
    sum((tensor * weights[name]).sum() for name, tensor in made.items()).backward()

    def entry(tensor, gradient):
        return {"shape": list(tensor.shape), "values": numbers(tensor), "gradient": numbers(gradient)}

    return {
        "cell": cell, "input_size": INPUT, "hidden_size": hidden, "layers": layers, "bidirectional": bidirectional, "lengths": lengths,
        "parameters": {name: entry(p, p.grad) for name, p in layer.named_parameters()},
        **{name: entry(tensor, tensor.grad) for name, tensor in given.items()},
        **{name: entry(tensor, weights[name]) for name, tensor in made.items()},
    }


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().flatten().tolist()]


def write(path, figures):
    lines = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in figures.items())
    path.write_text("{\n" + lines + "\n}\n")


def difference(a, b):
    """The largest difference of two figures; infinite when they are not of one form."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return max((difference(a[key], b[key]) for key in a), default=0.0)
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return max(map(difference, a, b), default=0.0)
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return abs(a - b)
    return 0.0 if a == b else float("inf")


def main():
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    worst = 0.0
    for seed, (cell, shape) in enumerate((cell, shape) for cell in CELLS for shape in SHAPES):
        path = FOLDER / f"{cell}-{shape}.json"
        if "--check" in sys.argv[1:]:
            known = json.loads(path.read_text())
            worst = max(worst, difference(known, case(cell, shape, seed, known)))
        else:
            write(path, case(cell, shape, seed))
    if "--check" in sys.argv[1:]:
        print(f"PyTorch {torch.__version__}: largest difference {worst:.2g}")
        return 0 if worst < 1e-7 else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""What PyTorch computes for nn.RNN, nn.LSTM and nn.GRU: one small JSON file for each case in recurrent/.

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

CELLS = {
    "rnn-tanh": lambda **o: torch.nn.RNN(nonlinearity="tanh", **o),
    "rnn-relu": lambda **o: torch.nn.RNN(nonlinearity="relu", **o),
    "lstm": torch.nn.LSTM,
    "gru": torch.nn.GRU,
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
    if cell == "lstm":
        sizes["c0"] = (count, BATCH, hidden)
    given = {name: given_numbers(name, size).requires_grad_() for name, size in sizes.items()}
    state = (given["h0"], given["c0"]) if cell == "lstm" else given["h0"]

    if lengths is None:
        output, last = layer(given["input"], state)
    else:
        packed = pack_padded_sequence(given["input"], torch.tensor(lengths), batch_first=True, enforce_sorted=False)
        output, last = layer(packed, state)
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=TIME)
    made = {"output": output, "h_n": last[0] if cell == "lstm" else last}
    if cell == "lstm":
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

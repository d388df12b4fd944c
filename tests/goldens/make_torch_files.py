#!/usr/bin/env python3
"""Weights that PyTorch saved, and what it computes with them: torch/layers.pt and, with the same tensors under the same names, torch/layers.safetensors.

    python3 make_torch_files.py                          writes the files
    python3 make_torch_files.py --load KIND SHAPE FILE   loads weights that Unroll wrote for such a layer and prints its output for a fixed input

layers.pt is a dictionary of cases such as "lstm-2-bidirectional": "weights" is the layer's state_dict, the rest are its input and outputs, in single precision.
language_model.pt is a checkpoint of a small model of words, forms.pt has tensors in all the ways
that a file may hold them, and of module.pt and legacy.pt there is nothing to be read. network.onnx is what torch.onnx.export makes of a network with all kinds of layers, network.safetensors its input, outputs and
a gradient. Needs PyTorch (Debian: python3-torch).
"""
import json
import pathlib
import struct
import sys

import torch

FOLDER = pathlib.Path(__file__).parent / "torch"
BATCH, TIME, INPUT, HIDDEN, PROJECTED = 2, 4, 3, 6, 2
KINDS = {
    "rnn-tanh": (torch.nn.RNN, {}),
    "rnn-relu": (torch.nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (torch.nn.LSTM, {}),
    "lstm-projected": (torch.nn.LSTM, {"proj_size": PROJECTED}),
    "gru": (torch.nn.GRU, {}),
}
SHAPES = {"1": {}, "2-bidirectional": {"num_layers": 2, "bidirectional": True}, "3-no-bias": {"num_layers": 3, "bias": False}, "3-bidirectional": {"num_layers": 3, "bidirectional": True}}


def cases():
    for kind, (layer, options) in KINDS.items():
        for shape, more in SHAPES.items():
            torch.manual_seed(len(kind) + len(shape))
            rnn = layer(INPUT, HIDDEN, batch_first=True, **options, **more)
            x = torch.randn(BATCH, TIME, INPUT)
            output, state = rnn(x)
            states = dict(zip(("h_n", "c_n"), state)) if isinstance(state, tuple) else {"h_n": state}
            yield f"{kind}-{shape}", {"weights": rnn.state_dict(), "input": x, "output": output.detach(), **{name: of.detach() for name, of in states.items()}}


def language_model():
    """As in PyTorch's examples: encoder, rnn, decoder; its words have another order than any text gives them."""
    torch.manual_seed(3)
    words = ["the", "<unk>", "cat", "<eos>", "sat"]
    model = torch.nn.ModuleDict({"encoder": torch.nn.Embedding(5, 4), "rnn": torch.nn.GRU(4, 6, 2, batch_first=True), "decoder": torch.nn.Linear(6, 5)})
    text = torch.tensor([[words.index(word) for word in "the cat sat <eos> the cat <unk> <eos>".split()]])
    logits = model["decoder"](model["rnn"](model["encoder"](text[:, :-1]))[0])
    return {"epoch": 3, "model": model.state_dict(), "words": words, "loss": torch.nn.functional.cross_entropy(logits[0], text[0, 1:]).detach()}


class Network(torch.nn.Module):
    """Recurrent layers of every kind, and what stands around them."""

    def __init__(self):
        super().__init__()
        self.embedding = torch.nn.Embedding(20, 6)
        self.lstm = torch.nn.LSTM(6, 5, 2, batch_first=True, bidirectional=True)
        self.gru = torch.nn.GRU(10, 4)
        self.rnn = torch.nn.RNN(4, 4, nonlinearity="relu", bidirectional=True)
        self.norm = torch.nn.LayerNorm(8)
        self.output = torch.nn.Linear(8, 3)

    def forward(self, words):
        h, (last, _) = self.lstm(self.embedding(words))
        y, _ = self.gru(h.transpose(0, 1))
        z, _ = self.rnn(torch.tanh(y) * 2 - 0.5)
        return self.output(self.norm(z.transpose(0, 1))).log_softmax(-1), torch.cat([last[-1], torch.softmax(y.mean(0), -1)], 1)


def write_network():
    torch.manual_seed(5)
    network = Network()
    words = torch.randint(20, (3, 7))
    scores, last = network(words)
    torch.manual_seed(6)
    directions = torch.randn_like(scores), torch.randn_like(last)
    ((scores * directions[0]).sum() + (last * directions[1]).sum()).backward()
    axes = {0: "batch", 1: "time"}
    # From a batch of one, as PyTorch asks for.
    torch.onnx.export(network.eval(), (words[:1, :5],), FOLDER / "network.onnx", input_names=["words"], output_names=["scores", "last"], opset_version=14,
                      dynamic_axes={"words": axes, "scores": axes, "last": {0: "batch"}})
    write_safetensors(FOLDER / "network.safetensors", [("words", words.float()), ("scores", scores.detach()), ("last", last.detach()), ("direction_of_scores", directions[0]), ("direction_of_last", directions[1]),
                                                       ("gradient_of_embedding", network.embedding.weight.grad), ("gradient_of_norm", network.norm.weight.grad)])


def flat(prefix, value):
    if isinstance(value, torch.Tensor):
        yield prefix, value
    else:
        for key, of in value.items():
            yield from flat(f"{prefix}.{key}" if prefix else key, of)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors:
        bytes_ = tensor.contiguous().numpy().tobytes()
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + len(bytes_)]}
        data += bytes_
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def write():
    FOLDER.mkdir(exist_ok=True)
    made = dict(cases())
    torch.save(made, FOLDER / "layers.pt")
    write_safetensors(FOLDER / "layers.safetensors", flat("", made))
    torch.save(language_model(), FOLDER / "language_model.pt")
    counting = torch.arange(12, dtype=torch.float32)
    tied = torch.nn.Parameter(counting.reshape(3, 4).clone())
    torch.save({
        "epoch": 7, "rate": 0.25, "best": True, "name": "réseau", "nothing": None, "sizes": torch.Size([2, 3]),
        "history": [1.5, 2, "end"], "pair": (-3, 1 << 40), 5: {"deep": torch.tensor(3.5)},
        "transposed": counting.reshape(3, 4).t(), "part": counting[5:9], "every_second": counting[::2], "spread": counting[:2].reshape(2, 1).expand(2, 3),
        "empty": torch.empty(0, 4), "tied": tied, "again": tied, "doubles": counting[:3].double(), "halves": counting[:3].half(), "brains": counting[:3].bfloat16(),
        "longs": torch.tensor([-1, 1 << 40]), "ints": torch.tensor([-2, 3], dtype=torch.int32), "shorts": torch.tensor([-2, 3], dtype=torch.int16),
        "chars": torch.tensor([-2, 3], dtype=torch.int8), "bytes": torch.tensor([2, 255], dtype=torch.uint8), "flags": torch.tensor([True, False]),
    }, FOLDER / "forms.pt")
    write_network()
    torch.save(torch.nn.Linear(2, 2), FOLDER / "module.pt")
    torch.save({"a": torch.ones(2)}, FOLDER / "legacy.pt", _use_new_zipfile_serialization=False)


def read_safetensors(path):
    content = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header, data = json.loads(content[8:8 + size]), content[8 + size:]
    return {name: torch.frombuffer(bytearray(data[slice(*of["data_offsets"])]), dtype=torch.float32).reshape(of["shape"]) for name, of in header.items() if name != "__metadata__"}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--load"]:
        kind, shape, path = sys.argv[2:5]
        layer, options = KINDS[kind]
        rnn = layer(INPUT, HIDDEN, batch_first=True, **options, **SHAPES[shape])
        rnn.load_state_dict(read_safetensors(path))
        print(json.dumps(rnn(torch.linspace(-1, 1, BATCH * TIME * INPUT).reshape(BATCH, TIME, INPUT))[0].flatten().tolist()))
    else:
        write()

"""PyTorch's side of the race (see race.py): nn.LSTM, nn.GRU and nn.RNN where it has them, and for the rest loops in TorchScript written as well as
they can be: one product of the input for all steps, then one of the state a step. Input and output are [batch, time, features]."""
import json
import re
import sys
import time
from typing import Tuple

import torch
from torch import Tensor


@torch.jit.script
def gru_before(x: Tensor, h: Tensor, c: Tensor, w: Tensor, u: Tensor, b: Tensor, extra: Tensor) -> Tensor:
    size = h.size(1)
    xs = torch.nn.functional.linear(x.transpose(0, 1), w, b).unbind(0)
    rz, n = u[: 2 * size].t(), u[2 * size :].t()
    outputs = []
    for step in xs:
        gates = torch.sigmoid(torch.addmm(step[:, : 2 * size], h, rz))
        r, z = gates.chunk(2, 1)
        candidate = torch.tanh(torch.addmm(step[:, 2 * size :], r * h, n))
        h = candidate + z * (h - candidate)
        outputs.append(h)
    return torch.stack(outputs, 1)


@torch.jit.script
def lstm_peephole(x: Tensor, h: Tensor, c: Tensor, w: Tensor, u: Tensor, b: Tensor, extra: Tensor) -> Tensor:
    # Gers, Schraudolph & Schmidhuber 2002: input and forget gate see the cell before, the output gate the cell after.
    xs = torch.nn.functional.linear(x.transpose(0, 1), w, b).unbind(0)
    u = u.t()
    p_i, p_f, p_o = extra.chunk(3, 0)
    outputs = []
    for step in xs:
        i, f, g, o = torch.addmm(step, h, u).chunk(4, 1)
        c = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
        h = torch.sigmoid(o + p_o * c) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs, 1)


@torch.jit.script
def lstm_layer_norm(x: Tensor, h: Tensor, c: Tensor, w: Tensor, u: Tensor, b: Tensor, extra: Tensor) -> Tensor:
    # Ba, Kiros & Hinton 2016: both products are normalised over all gates, and the cell before the output.
    size = h.size(1)
    gain_x, gain_h, gain_c = extra.split([4 * size, 4 * size, size], 0)
    bias, bias_c = b.split([4 * size, size], 0)
    xs = torch.layer_norm(torch.nn.functional.linear(x.transpose(0, 1), w), [4 * size], gain_x, bias).unbind(0)
    u = u.t()
    outputs = []
    for step in xs:
        i, f, g, o = (step + torch.layer_norm(torch.mm(h, u), [4 * size], gain_h)).chunk(4, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(torch.layer_norm(c, [size], gain_c, bias_c))
        outputs.append(h)
    return torch.stack(outputs, 1)


# The module or loop, its gates and its states.
MODULES = {"lstm": (torch.nn.LSTM, 4, 2), "gru": (torch.nn.GRU, 3, 1), "elman": (torch.nn.RNN, 1, 1)}
SCRIPTS = {"gru-before": (gru_before, 3, 1), "lstm-peephole": (lstm_peephole, 4, 2), "lstm-layer-norm": (lstm_layer_norm, 4, 2)}


def numbers(which: int, scale: float, *shape: int) -> Tensor:
    """The numbers every entrant computes with (LayerWork.cs)."""
    i = torch.arange(1, torch.Size(shape).numel() + 1, dtype=torch.int64)
    mixed = (i * 2654435761 & 0xFFFFFFFF) ^ (which * 2246822519 & 0xFFFFFFFF)
    low, high = mixed ^ (mixed >> 15), 2654435769
    mixed = ((low & 0xFFFF) * high + ((low >> 16) * (high & 0xFFFF) << 16)) & 0xFFFFFFFF
    return (((mixed >> 16).to(torch.float32) / 65536 - 0.5) * scale).reshape(shape)


class Layer:
    def __init__(self, cell: str, t: int, b: int, i: int, h: int):
        self.t, self.gates, self.states = (MODULES.get(cell) or SCRIPTS[cell])[0:3]
        self.cell, scale = cell, h**-0.5
        self.x = numbers(1, 1, b, t, i).requires_grad_()
        self.state = [numbers(2 + k, 1, b, h).requires_grad_() for k in range(self.states)]
        self.seed = numbers(8, 1, b, t, h)
        w, u = numbers(4, scale, self.gates * h, i), numbers(5, scale, self.gates * h, h)
        bias = numbers(6, scale, (self.gates + (cell == "lstm-layer-norm")) * h)  # the cell's norm has one too
        if cell in MODULES:
            self.module = MODULES[cell][0](i, h, batch_first=True)
            with torch.no_grad():
                self.module.weight_ih_l0.copy_(w)
                self.module.weight_hh_l0.copy_(u)
                self.module.bias_ih_l0.copy_(bias)
                self.module.bias_hh_l0.zero_()
                if cell == "gru":
                    self.module.bias_hh_l0[2 * h :] = numbers(7, scale, h)
            self.weights = list(self.module.parameters())
        else:
            extra = torch.ones(9 * h) if cell == "lstm-layer-norm" else torch.cat([numbers(which, scale, h) for which in (9, 10, 11)])
            self.weights = [w, u, bias, extra] if cell != "gru-before" else [w, u, bias]
            for weight in self.weights:
                weight.requires_grad_()

    def forward(self) -> Tensor:
        if self.cell in MODULES:
            state = tuple(s.unsqueeze(0) for s in self.state) if self.states == 2 else self.state[0].unsqueeze(0)
            return self.module(self.x, state)[0]
        h, c = self.state[0], self.state[-1]
        return SCRIPTS[self.cell][0](self.x, h, c, *self.weights[:3], self.weights[-1])

    def train(self):
        output = self.forward()
        return output, torch.autograd.grad(output, [self.x, *self.state, *self.weights], self.seed)

    def infer(self) -> Tensor:
        with torch.inference_mode():
            return self.forward()

    def values(self) -> dict:
        inference = self.infer()
        output, gradients = self.train()
        names = ["dx", "dh0", "dc0"][: 1 + self.states] + ["dweight_ih_l0", "dweight_hh_l0", "dbias_ih_l0"]
        named = {"inference": inference, "output": output, **dict(zip(names, gradients))}
        return {name: value.detach().flatten().tolist() for name, value in named.items()}


class CharRnn(torch.nn.Module):
    def __init__(self, t: int, b: int, vocabulary: int, h: int):
        super().__init__()
        self.embedding = torch.nn.Embedding(vocabulary, h)
        self.rnn = torch.nn.LSTM(h, h, num_layers=2, batch_first=True)
        self.output = torch.nn.Linear(h, vocabulary)
        self.symbols, self.targets = torch.randint(vocabulary, (2, b, t))
        self.adam = torch.optim.Adam(self.parameters(), lr=0.002)

    def train_step(self):
        self.adam.zero_grad(set_to_none=True)
        logits = self.output(self.rnn(self.embedding(self.symbols))[0])
        torch.nn.functional.cross_entropy(logits.flatten(0, 1), self.targets.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(self.parameters(), 5)
        self.adam.step()


def step_of(request: dict):
    sizes = [request[name] for name in "TBIH"]
    torch.manual_seed(1)
    if request["cell"] == "char-rnn":
        return CharRnn(*sizes).train_step
    layer = Layer(request["cell"], *sizes)
    return layer.train if request["mode"] == "train" else layer.infer


def timed(step, seconds: float) -> list:
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        step()
        times.append((time.perf_counter() - before) * 1e3)
    return times


def main():
    ready: Tuple = (None, None)
    for line in sys.stdin:
        request = json.loads(line)
        if "threads" in request:
            torch.set_num_threads(request["threads"])
        if request["work"] == "about":
            capability = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
            answer = {"about": f"version {torch.__version__}, {capability.group(1) if capability else 'no vectors named'}"}
        elif request["cell"] not in (*MODULES, *SCRIPTS, "char-rnn"):
            answer = {"unsupported": f"PyTorch's entrant has no cell '{request['cell']}'"}
        elif request["work"] == "values":
            answer = {"values": Layer(request["cell"], *(request[name] for name in "TBIH")).values()}
        else:
            key = {name: value for name, value in request.items() if name != "seconds"}
            if ready[0] != key:
                ready = (None, None)
                ready = (key, step_of(request))
            answer = {"milliseconds": timed(ready[1], request["seconds"])}
        print(json.dumps(answer), flush=True)


main()

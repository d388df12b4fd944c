"""PyTorch's side of the race (see race.py): nn.LSTM, nn.GRU and nn.RNN where it has them, and for the rest the modules that Unroll prints from a cell's
equations, as they are or compiled by TorchScript: one product of the input for all steps, then one of the state a step. Input and output are
[batch, time, features]."""
import importlib.util
import json
import os
import re
import sys
import tempfile
import time

import torch
from torch import Tensor

import torch_tasks


# The module, its gates and its states.
MODULES = {"lstm": (torch.nn.LSTM, 4, 2), "gru": (torch.nn.GRU, 3, 1), "elman": (torch.nn.RNN, 1, 1)}


def numbers(which: int, scale: float, *shape: int) -> Tensor:
    """The numbers every entrant computes with (LayerWork.cs)."""
    i = torch.arange(1, torch.Size(shape).numel() + 1, dtype=torch.int64)
    mixed = (i * 2654435761 & 0xFFFFFFFF) ^ (which * 2246822519 & 0xFFFFFFFF)
    low, high = mixed ^ (mixed >> 15), 2654435769
    mixed = ((low & 0xFFFF) * high + ((low >> 16) * (high & 0xFFFF) << 16)) & 0xFFFFFFFF
    return (((mixed >> 16).to(torch.float32) / 65536 - 0.5) * scale).reshape(shape)


class Layer:
    """A layer with its numbers; `module` takes the input and a list of states."""

    def __init__(self, request: dict):
        self.t, self.b, self.i, self.h = (request[name] for name in "TBIH")
        self.printed = request["cell"] not in MODULES
        if not self.printed:
            self.build(request["cell"])
        else:
            self.load(request["module"], request["form"])
        self.x = numbers(1, 1, self.b, self.t, self.i).requires_grad_()
        self.state = [numbers(2 + k, 1, self.b, size).requires_grad_() for k, size in enumerate(self.states.values())]
        self.seed = numbers(8, 1, self.b, self.t, self.output)

    def build(self, cell: str):
        kind, gates, states = MODULES[cell]
        i, h, scale = self.i, self.h, self.h**-0.5
        self.states, self.output = dict([("h", h), ("c", h)][:states]), h
        module = kind(i, h, batch_first=True)
        with torch.no_grad():
            module.weight_ih_l0.copy_(numbers(4, scale, gates * h, i))
            module.weight_hh_l0.copy_(numbers(5, scale, gates * h, h))
            module.bias_ih_l0.copy_(numbers(6, scale, gates * h))
            module.bias_hh_l0.zero_()
            if cell == "gru":
                module.bias_hh_l0[2 * h :] = numbers(7, scale, h)
        self.weights = dict(module.named_parameters())
        self.forward = lambda: module(self.x, tuple(s.unsqueeze(0) for s in self.state) if states == 2 else self.state[0].unsqueeze(0))[0]

    def load(self, printed: dict, form: str):
        self.states, self.output = printed["states"], printed["output"]
        with tempfile.TemporaryDirectory() as folder:  # TorchScript reads a module's source from its file
            path = os.path.join(folder, "cell.py")
            with open(path, "w", encoding="utf-8") as file:
                file.write(printed["source"])
            spec = importlib.util.spec_from_file_location("cell", path)
            loaded = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(loaded)
            module = getattr(loaded, printed["name"])()
            self.weights = {name + "_l0": weight for name, weight in module.named_parameters()}
            if form == "TorchScript":
                module = torch.jit.script(module)
        self.forward = lambda: module(self.x, *self.state)[0]

    def train(self):
        output = self.forward()
        return output, torch.autograd.grad(output, [self.x, *self.state, *self.weights.values()], self.seed, allow_unused=True)

    def infer(self) -> Tensor:
        with torch.inference_mode():
            return self.forward()

    def values(self, parameters: dict) -> dict:
        """What it computes from Unroll's parameters. PyTorch's own layers have theirs, and a bias that Unroll has not."""
        for weight, values in zip(self.weights.values(), parameters.values() if self.printed else []):
            with torch.no_grad():
                weight.copy_(torch.tensor(values).reshape(weight.shape))
        inference = self.infer()
        output, gradients = self.train()
        names = ["dx", *(f"d{name}0" for name in self.states), *(f"d{name}" for name in self.weights)]
        names = [name if self.printed or name != "dbias_hh_l0" else None for name in names]
        named = {"inference": inference, "output": output, **dict(zip(names, gradients))}
        return {name: value.detach().flatten().tolist() for name, value in named.items() if name}


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
    torch.manual_seed(1)
    if request["cell"] == "char-rnn":
        return CharRnn(*(request[name] for name in "TBIH")).train_step
    layer = torch_tasks.Work(request) if "data" in request else Layer(request)
    return layer.train if request["mode"] == "train" else layer.infer


def timed(step, seconds: float) -> list:
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        step()
        times.append((time.perf_counter() - before) * 1e3)
    return times


def answer_to(request: dict, ready: dict) -> dict:
    if request["work"] == "about":
        capability = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
        return {"about": f"version {torch.__version__}, {capability.group(1) if capability else 'no vectors named'}"}
    if request["cell"] not in (*MODULES, "char-rnn") and "module" not in request and "data" not in request:
        return {"unsupported": f"PyTorch's entrant has no cell '{request['cell']}'"}
    if request["work"] == "values":
        return {"values": (torch_tasks.Work if "data" in request else Layer)(request).values(request["parameters"])}
    seconds, form = request.pop("seconds"), request.pop("form", "")
    if ready.get("request") != request:  # the forms of one cell are ready side by side
        ready.clear()
        ready["request"] = dict(request)
    if form not in ready:
        ready[form] = step_of({**request, "form": form})
    return {"milliseconds": timed(ready[form], seconds)}


def main():
    ready = {}
    for line in sys.stdin:
        request = json.loads(line)
        if "threads" in request:
            torch.set_num_threads(request["threads"])
        try:
            answer = answer_to(request, ready)
        except (RuntimeError, TypeError, ValueError, NotImplementedError, SyntaxError) as error:  # such as TorchScript that does not compile
            answer = {"failed": f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"}
        print(json.dumps(answer), flush=True)


main()

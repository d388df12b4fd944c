"""PyTorch's side of the race (see race.py): nn.LSTM, time first, which is the layout it is fastest in."""
import json
import re
import sys
import time

import torch


def prepare(t, b, i, h):
    torch.manual_seed(1)
    layer = torch.nn.LSTM(i, h)
    x = torch.randn(t, b, i, requires_grad=True)
    h0 = torch.randn(1, b, h, requires_grad=True)
    c0 = torch.randn(1, b, h, requires_grad=True)
    seed = torch.randn(t, b, h)
    leaves = [x, h0, c0, *layer.parameters()]

    def step():
        output, _ = layer(x, (h0, c0))
        return torch.autograd.grad(output, leaves, seed)

    return step


def main():
    steps = {}
    for line in sys.stdin:
        request = json.loads(line)
        if request["work"] == "about":
            capability = re.search(r"CPU capability usage: (\S+)", torch.__config__.show())
            answer = {"about": f"version {torch.__version__}, {capability.group(1) if capability else 'no vectors named'}"}
        else:
            torch.set_num_threads(request["threads"])
            key = tuple(request[name] for name in "TBIH")
            if key not in steps:
                steps[key] = prepare(*key)
            step = steps[key]
            times, start = [], time.perf_counter()
            while not times or time.perf_counter() - start < request["seconds"]:
                before = time.perf_counter()
                step()
                times.append((time.perf_counter() - before) * 1e3)
            answer = {"milliseconds": times}
        print(json.dumps(answer), flush=True)


main()

#!/usr/bin/env python3
"""What PyTorch computes for optimizers, clipping, schedules and the adaptive softmax: training.json.

    python3 make_training.py            writes the file
    python3 make_training.py --check    compares it with what PyTorch computes now (exit status 1 on a difference)

Needs PyTorch (Debian: python3-torch), which computes here in float64 from float32 numbers.
"""
import json
import pathlib
import sys

import torch

FILE = pathlib.Path(__file__).parent / "training.json"
STEPS, COUNT = 6, 5

# Our name of an optimizer and its options: PyTorch's optimizer and its arguments.
OPTIMIZERS = {
    "sgd": (torch.optim.SGD, {"lr": 0.1}),
    "sgd weightDecay=0.05": (torch.optim.SGD, {"lr": 0.1, "weight_decay": 0.05}),
    "momentum": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    "momentum momentum=0.5 weightDecay=0.05": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.05}),
    "nesterov": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "nesterov weightDecay=0.05": (torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.05}),
    "rmsprop": (torch.optim.RMSprop, {"lr": 0.1}),
    "rmsprop decay=0.9 epsilon=0.001 weightDecay=0.05": (torch.optim.RMSprop, {"lr": 0.1, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.05}),
    "adagrad": (torch.optim.Adagrad, {"lr": 0.1}),
    "adagrad rateDecay=0.1 initialSum=0.2 weightDecay=0.05":
        (torch.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.2, "weight_decay": 0.05}),
    "adam": (torch.optim.Adam, {"lr": 0.1}),
    "adam beta1=0.8 beta2=0.95 epsilon=0.001 weightDecay=0.05":
        (torch.optim.Adam, {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.05}),
    "adamw": (torch.optim.AdamW, {"lr": 0.1}),
    "adamw beta1=0.8 beta2=0.95 epsilon=0.001 weightDecay=0.5":
        (torch.optim.AdamW, {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.5}),
}


def numbers(values):
    return [float(f"{value:.9g}") for value in values]


def single(*sizes, random):
    return torch.randn(*sizes, generator=random).double()


def optimizers(random, known):
    if known:
        values, gradients = torch.tensor(known["values"]).double(), torch.tensor(known["gradients"]).double()
    else:
        values, gradients = single(COUNT, random=random), single(STEPS, COUNT, random=random)
        gradients[2, 1] = 0
    after = {}
    for name, (optimizer, arguments) in OPTIMIZERS.items():
        parameter = torch.nn.Parameter(values.clone())
        stepper = optimizer([parameter], **arguments)
        after[name] = []
        for gradient in gradients:
            parameter.grad = gradient.clone()
            stepper.step()
            after[name].append(numbers(parameter.tolist()))
    return {"values": numbers(values.tolist()), "gradients": [numbers(row) for row in gradients.tolist()], "after": after}


def clipping(random, known):
    gradients = [torch.tensor(g).double() for g in known["gradients"]] if known else [single(4, random=random), single(3, random=random)]
    result = {"gradients": [numbers(g.tolist()) for g in gradients], "norm": {}, "value": {}}
    for limit in (0.5, 100.0):
        parameters = [torch.nn.Parameter(torch.zeros_like(g)) for g in gradients]
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient.clone()
        total = torch.nn.utils.clip_grad_norm_(parameters, limit)
        result["norm"][str(limit)] = {"norm": float(f"{total:.9g}"), "after": [numbers(p.grad.tolist()) for p in parameters]}
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient.clone()
        torch.nn.utils.clip_grad_value_(parameters, limit)
        result["value"][str(limit)] = [numbers(p.grad.tolist()) for p in parameters]
    return result


def schedules():
    def factors(make, steps, step=lambda scheduler, i: scheduler.step()):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        scheduler, found = make(optimizer), []
        for i in range(steps):
            found.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            step(scheduler, i)
        return numbers(found)

    lr = torch.optim.lr_scheduler
    losses = [3.0, 2.0, 2.0, 1.99999, 2.5, 1.5, 1.5, 1.6, 1.7, 1.4, 1.41, 1.42, 1.43, 1.44, 1.45]
    return {
        "step:3:0.5": factors(lambda o: lr.StepLR(o, 3, 0.5), 10),
        "cosine:0.1": factors(lambda o: lr.CosineAnnealingLR(o, 8, 0.1), 8),
        "warmup:4+constant": factors(lambda o: lr.LinearLR(o, 0.25, 1.0, 3), 6),
        "plateau losses": losses,
        "plateau:2:0.5": factors(lambda o: lr.ReduceLROnPlateau(o, factor=0.5, patience=2), len(losses), lambda s, i: s.step(losses[i])),
    }


def adaptive_softmax(random, known):
    """The loss, its gradients and all log-probabilities, without and with a bias of the head."""
    result = {}
    for name, bias in (("plain", False), ("head bias", True)):
        given = known[name] if known else None
        layer = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 11, [3, 6], div_value=2.0, head_bias=bias).double()
        with torch.no_grad():
            for key, parameter in layer.named_parameters():
                parameter.copy_(torch.tensor(given["parameters"][key]).reshape(parameter.shape) if given else single(*parameter.shape, random=random))
        x = torch.tensor(given["x"]).double().reshape(6, 8) if given else single(6, 8, random=random)
        x.requires_grad_()
        targets = torch.tensor([10, 0, 4, 2, 7, 3])
        loss = layer(x, targets).loss
        loss.backward()
        result[name] = {
            "x": flat(x), "targets": targets.tolist(), "loss": float(f"{loss.item():.9g}"), "log probabilities": flat(layer.log_prob(x)), "gradient": flat(x.grad),
            "parameters": {key: flat(parameter) for key, parameter in layer.named_parameters()},
            "gradients": {key: flat(parameter.grad) for key, parameter in layer.named_parameters()},
        }
    return result


def flat(tensor):
    return numbers(tensor.flatten().tolist())


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
    random = torch.Generator().manual_seed(3)
    known = json.loads(FILE.read_text()) if "--check" in sys.argv[1:] else {}
    figures = {
        "optimizers": optimizers(random, known.get("optimizers")), "clipping": clipping(random, known.get("clipping")), "schedules": schedules(),
        "adaptive softmax": adaptive_softmax(random, known.get("adaptive softmax")),
    }
    if known:
        worst = difference(known, figures)
        print(f"PyTorch {torch.__version__}: largest difference {worst:.2g}")
        return 0 if worst < 1e-7 else 1
    FILE.write_text(json.dumps(figures, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

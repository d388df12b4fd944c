#!/usr/bin/env python3
"""Races Unroll against PyTorch, oneDNN and ONNX Runtime: the entrants take turns, in one process each that stays up.

A row of the table is one cell at one shape, training or inference, on a number of threads. Training is forward, then the gradients of the input,
every weight, the biases and the initial states for a given random output gradient. char-rnn is a whole training step of a character model
(T,B, vocabulary, H: embedding, 2 layers of LSTM, projection, softmax, cross entropy, clipping, Adam). ragged is Unroll alone: sequences of lengths
uniform in 1…T, against the time of as many tokens in full batches. Cells that PyTorch has no layer of race against the module that Unroll prints from their
equations, as it is and compiled by TorchScript; the faster of the two counts. --cells all-cells is every cell of the catalogue so, in one table. lstm-bf16 and lstm-int8 are inference with rounded weights, against rivals whose
weights are not, and against ONNX Runtime's own 8-bit LSTM. tag and translate are whole models of those tasks (most words of a sentence, batch, vocabulary, H)
against PyTorch's: training steps with everything that belongs to them, or predictions, for all batches of a small set of sentences; they are told in tokens a second.
tag-crf has a conditional random field on top, translate-greedy follows one translation where translate has a beam of five.
"""
import argparse
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import time

import report
import sentences
from entrants import HERE, RIVALS, Missing, Stable

SHAPES = [(50, 50, 128, 128), (35, 20, 200, 200), (100, 64, 256, 256), (100, 64, 512, 512), (256, 16, 1024, 1024), (1000, 1, 64, 64), (128, 1, 512, 512)]
TWO = [SHAPES[0], SHAPES[3]]
CELLS = {
    "lstm": SHAPES, "gru": SHAPES, "gru-before": TWO, "elman": SHAPES, "lstm-peephole": TWO, "lstm-layer-norm": TWO,
    "char-rnn": [(50, 50, 65, 128), (50, 50, 65, 512)], "ragged": [(100, 64, 256, 256)],
    "lstm-bf16": SHAPES[-1:], "lstm-int8": SHAPES[-1:],
    # The tasks' defaults; words as in UD_English-EWT, subwords as of 8,000 joins. The task tag trains with batches of 16.
    "tag": [(40, batch, 16654, 200) for batch in (1, 16, 64)], "tag-crf": [(40, batch, 16654, 200) for batch in (1, 16, 64)],
    "translate": [(40, batch, 8000, 512) for batch in (1, 64)], "translate-greedy": [(40, batch, 8000, 512) for batch in (1, 64)],
}
ALL_CELLS = "all-cells"
ALL_CELLS_SHAPES = [(50, 64, 256, 256)]
ROUNDED = {"lstm-bf16": "bf16", "lstm-int8": "int8"}
LAYERS_OF_PYTORCH = ["lstm", "gru", "elman", "char-rnn", "ragged", *ROUNDED, *sentences.TASKS]
GATES = {"lstm": 4, "gru": 3, "gru-before": 3, "elman": 1, "lstm-peephole": 4, "lstm-layer-norm": 4, "ragged": 4, "lstm-bf16": 4, "lstm-int8": 4}
SMALL = dict(T=7, B=5, I=20, H=24)  # where the entrants' numbers are compared


FORMS = ["PyTorch eager", "TorchScript"]  # of the modules that Unroll prints


def catalogue():
    """The names of all cells, from the page that is made from the code."""
    with open(os.path.join(HERE, "..", "..", "docs", "cells", "README.md"), encoding="utf-8") as file:
        return re.findall(r"^\| \[`([^`]+)`\]", file.read(), re.MULTILINE)


def operations(mode, multiply_adds, t, b, i, h):
    """Floating-point operations of the matrix products: twice the multiply-adds of all steps and sequences, three times that with the gradients."""
    return (3 if mode == "train" else 1) * 2 * t * b * multiply_adds


def askers(entrants, cell, module):
    """Who can be asked to compute a cell beside Unroll: (name, entrant, what the request says besides)."""
    for name, entrant in entrants.items():
        if name == "PyTorch" and cell not in LAYERS_OF_PYTORCH:
            yield from ((form, entrant, {"module": module, "form": form}) for form in FORMS)
        elif name != "Unroll":
            yield name, entrant, {}


def module_of(entrants, cell, sizes):
    """The cell as PyTorch, its states and its multiply-adds a step; those of a known cell are 2·(I+H)·G·H."""
    module = entrants["Unroll"].ask(work="module", cell=cell, **sizes)
    if "unsupported" not in module and cell in GATES and module["multiply_adds"] != (expected := (sizes["I"] + sizes["H"]) * GATES[cell] * sizes["H"]):
        sys.exit(f"{cell}: Unroll counts {module['multiply_adds']} multiply-adds a step, the race {expected}")
    return module


def agreement(entrants, cell, threads, stable):
    """Checks that the entrants compute the same function; returns for each the modes it can do with the largest difference, or None where that is too
    large for a race, and says so."""
    is_task = cell in sentences.TASKS
    sizes = dict(SMALL, data=sentences.draw(cell, SMALL["T"], SMALL["B"], SMALL["I"])) if is_task else SMALL
    ours = entrants["Unroll"].ask(work="values", cell=cell, mode="train", threads=threads, **sizes)
    if "unsupported" in ours:
        print(f"{cell}: not raced: {ours['unsupported']}", file=sys.stderr)
        return {}
    module = None if is_task else module_of(entrants, cell, SMALL)
    good = {"Unroll": {}}
    for name, entrant, more, mode in [(*asker, mode) for asker in askers(entrants, cell, module) for mode in ("train", "infer")]:
        if entrant.name not in entrants or is_task and name != "PyTorch":
            continue
        try:
            theirs = entrant.ask(work="values", cell=cell, mode=mode, threads=threads, parameters=ours["parameters"], **sizes, **more)
        except Missing as ended:
            stable.lose(ended)
            del entrants[entrant.name]
            continue
        if "failed" in theirs:
            print(f"{cell}, {mode}: {name} is not raced: {theirs['failed']}", file=sys.stderr)
        if "values" not in theirs:
            continue
        worst, where = max((difference(ours["values"][key], value), key) for key, value in theirs["values"].items() if (key == "inference") == (mode == "infer"))
        good.setdefault(name, {})[mode] = float(f"{worst:.2g}") if worst < 1e-4 else None
        if worst >= 1e-4:
            print(f"{cell}, {mode}: {name} is not raced, for it computes something else: {where} differs by {worst:.1e} of its largest", file=sys.stderr)
    return good


def difference(ours, theirs):
    """The largest difference of two lists of numbers over the largest number, not a number counting as infinite."""
    if len(ours) != len(theirs):
        return float("inf")
    error = max(abs(a - b) for a, b in zip(ours, theirs)) / max(map(abs, ours))
    return error if error == error else float("inf")


def summary(rounds, flops, peak):
    every = [ms for one in rounds for ms in one]
    median = statistics.median(every)
    speed = {"gflops": round(flops / median / 1e6, 2), "share_of_peak": round(flops / median / 1e6 / peak, 4)} if flops else {}
    return {"median_ms": round(median, 5), "min_ms": round(min(every), 5), "steps": len(every), **speed,
            "rounds": [{"median_ms": round(statistics.median(one), 5), "min_ms": round(min(one), 5), "steps": len(one)} for one in rounds]}


def race(entrants, requests, flops, threads, rounds, seconds):
    """Times one row. Requests: what each of the names that take part asks, with the entrant that answers; Unroll's is first."""
    times, peaks = {name: [] for name in requests}, []
    for entrant, request in requests.values():
        # Compiled, packed and warm before anything counts; TorchScript compiles at its second and third step.
        steps, begin = 0, time.time()
        while steps < 4 or time.time() - begin < 2 * seconds:
            steps += len(timed(entrant, request, seconds))
    for turn in range(rounds):
        peaks.append(entrants["Unroll"].ask(work="peak", threads=threads, seconds=0.2)["gflops"])
        names = list(requests)
        for name in names[turn % len(names):] + names[: turn % len(names)]:  # nobody always follows the same one
            entrant, request = requests[name]
            times[name].append(timed(entrant, request, seconds))
    rows = {name: summary(of, flops, statistics.median(peaks)) for name, of in times.items()}
    # One ratio a round, so that a machine that changes speed between rounds hurts both alike.
    ratios = {name: round(statistics.median(ours["median_ms"] / theirs["median_ms"] for ours, theirs in zip(rows["Unroll"]["rounds"], row["rounds"])), 4)
              for name, row in rows.items() if name != "Unroll"}
    forms = [name for name in FORMS if name in rows]
    if forms:  # the faster form is what PyTorch can do; the other's figures stay beside it
        best = min(forms, key=lambda name: rows[name]["median_ms"])
        rows = {("PyTorch" if name == best else name): {**row, "form": name} if name in forms else row for name, row in rows.items()}
        ratios = {("PyTorch" if name == best else name): ratio for name, ratio in ratios.items()}
    return {"peak_gflops": round(statistics.median(peaks), 1), "operations": flops, "entrants": rows, "unroll_over": ratios}


def timed(entrant, request, seconds):
    answer = entrant.ask(**request, seconds=seconds)
    if "milliseconds" not in answer:
        raise Missing(entrant.name, f"it answered {answer}")
    return answer["milliseconds"]


def contest(entrants, good, cell, mode, shape, threads):
    """Who takes part in a row and what each is asked, the operations of its products (None where nobody counts them), and the share of tokens that count."""
    sizes = dict(zip("TBIH", shape))
    request = dict(work="time", cell=cell, mode=mode, threads=threads, **sizes)
    if cell == "ragged":
        source = random.Random(1)
        lengths = [source.randint(1, shape[0]) for _ in range(shape[1])]
        full = {**request, "cell": "lstm"}
        flops = operations(mode, module_of(entrants, "lstm", sizes)["multiply_adds"], *shape)
        return {"Unroll": (entrants["Unroll"], {**full, "lengths": lengths}), "full batches": (entrants["Unroll"], full)}, flops, sum(lengths) / (shape[0] * shape[1])
    if cell in ROUNDED:  # against the same layer as it is trained
        request["cell"] = "lstm"
        requests = {"Unroll": (entrants["Unroll"], {**request, "weights": ROUNDED[cell]})}
        for name in entrants:
            if name != "Unroll" and mode in good.get(name, {}):
                requests[name] = entrants[name], request
        if cell == "lstm-int8" and "ONNX Runtime" in requests:
            requests["ONNX Runtime int8"] = entrants["ONNX Runtime"], {**request, "weights": "int8"}
        return requests, operations(mode, module_of(entrants, "lstm", sizes)["multiply_adds"], *shape), 1
    if cell in sentences.TASKS:
        request["data"] = sentences.draw(cell, *shape[:3])
        return {name: (entrants[name], request) for name in entrants if name == "Unroll" or good.get(name, {}).get(mode) is not None}, None, 1
    requests = {"Unroll": (entrants["Unroll"], request)}
    if cell == "char-rnn":
        if "PyTorch" in entrants:
            requests["PyTorch"] = entrants["PyTorch"], request
        return requests, operations(mode, 2 * 2 * sizes["H"] * 4 * sizes["H"] + sizes["H"] * sizes["I"], *shape), 1
    module = module_of(entrants, cell, sizes)
    for name, entrant, more in askers(entrants, cell, module):
        if good.get(name, {}).get(mode) is not None:
            requests[name] = entrant, {**request, **more}
    return requests, operations(mode, module["multiply_adds"], *shape), 1


def plan(options):
    """The rows to race: (threads, cell, mode, shape)."""
    return [(threads, cell, mode, shape) for threads in options.threads for cell in options.cells for shape in options.shapes or (ALL_CELLS_SHAPES if options.all_cells else CELLS.get(cell, ALL_CELLS_SHAPES))
            for mode in options.modes if is_raced(cell, mode, shape)]


def is_raced(cell, mode, shape):
    if mode == "infer":
        return cell != "char-rnn"
    # Nobody trains on one sentence at a time; the search has no part in training.
    return cell not in ROUNDED and cell != "translate-greedy" and not (cell in sentences.TASKS and shape[1] == 1)


def processor():
    for line in open("/proc/cpuinfo") if os.path.exists("/proc/cpuinfo") else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def commit():
    def git(*words):
        return subprocess.run(["git", "-C", HERE, *words], capture_output=True, text=True).stdout.strip()
    return (git("rev-parse", "HEAD") or "unknown") + (" with changes" if git("status", "--porcelain", "--untracked-files=no") else "")


def run(options):
    stable = Stable([name for name in RIVALS if name in options.rivals], options.simd)
    about = {"commit": commit(), "date": time.strftime("%Y-%m-%d", time.gmtime()), "processor": processor(), "processors": os.cpu_count(),
             "system": platform.platform(), "rounds": options.rounds, "seconds": options.seconds, "entrants": {}}
    results, started = [], time.time()
    for threads in options.threads:
        entrants = stable.start(threads)
        about["entrants"] = {name: entrant.about for name, entrant in entrants.items()}
        about["missing"], about["openblas_kernels"] = stable.missing, stable.blas
        good = {cell: agreement(entrants, "lstm" if cell in ROUNDED else cell, threads, stable) for cell in options.cells if cell not in ("char-rnn", "ragged")}
        about["largest_difference"] = {cell: {name: modes for name, modes in names.items() if modes} for cell, names in good.items()}
        for _, cell, mode, shape in (row for row in plan(options) if row[0] == threads):
            if cell in good and not good[cell]:
                continue
            row = None
            while row is None:
                requests, flops, share = contest(entrants, good.get(cell, {}), cell, mode, shape, threads)
                try:
                    row = race(entrants, requests, flops, threads, options.rounds, options.seconds)
                except Missing as ended:
                    stable.lose(ended)
                    entrants.pop(ended.name).close()
            if cell == "ragged":  # as many tokens in full batches take their share of a full batch's time
                row["tokens_share"] = share
                row["unroll_over"] = {"full batches": round(row["unroll_over"]["full batches"] / share, 4)}
            if cell in sentences.TASKS:
                row["tokens"] = sentences.tokens(cell, mode, requests["Unroll"][1]["data"])
            results.append({"cell": cell, "mode": mode, **dict(zip("TBIH", shape)), "threads": threads, "all_cells": options.all_cells, **row})
            print(f"{time.time() - started:6.0f} s  {cell} {mode} {','.join(map(str, shape))} on {threads}: {row['entrants']['Unroll']['median_ms']:.3f} ms, "
                  + (f"{report.tokens_a_second(row, 'Unroll')} tokens/s" if "tokens" in row else f"{row['entrants']['Unroll']['share_of_peak']:.0%} of the peak for floats")
                  + "".join(f", {ratio:.2f} of {name}" for name, ratio in row["unroll_over"].items()), file=sys.stderr)
            report.write_json(options.json, about, results)  # what there is so far, should it be stopped
        for entrant in entrants.values():
            entrant.close()
    print(report.tables(about, results))
    print(f"written to {options.json}", file=sys.stderr)


def check(options):
    """Compares the entrants' numbers and races nobody; the exit status says whether all agree."""
    stable, agree = Stable([name for name in RIVALS if name in options.rivals], options.simd, fast=False), True
    for threads in options.threads:
        entrants = stable.start(threads)
        for cell in options.cells:
            found = agreement(entrants, cell, threads, stable) if cell not in ("char-rnn", "ragged", *ROUNDED) else {}
            for name, mode, worst in ((name, mode, worst) for name, modes in found.items() for mode, worst in modes.items()):
                print(f"{cell} {mode} on {threads}: {name} " + ("differs" if worst is None else f"agrees to {worst:.1e}"))
                agree &= worst is not None
        for entrant in entrants.values():
            entrant.close()
    return 0 if agree else 1


def shape_of(text):
    try:
        sizes = tuple(map(int, text.split(",")))
    except ValueError:
        sizes = ()
    if len(sizes) != 4 or min(sizes) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': expected four whole numbers T,B,I,H of 1 or more, such as 50,50,128,128")
    return sizes


def positive(kind):
    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = 0
        if not 0 < value < 1e6:
            raise argparse.ArgumentTypeError(f"'{text}': expected a {'whole ' if kind is int else ''}number above 0")
        return value
    return read


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--cells", nargs="+", choices=[*CELLS, ALL_CELLS, *catalogue()], default=list(CELLS), metavar="CELL",
                        help=f"of {', '.join(CELLS)} (default: these), or any cell that 'unroll cells' lists, or {ALL_CELLS}: all of those, training at 50,64,256,256 "
                             "on one thread against PyTorch unless other options say otherwise")
    parser.add_argument("--shapes", nargs="+", type=shape_of, metavar="T,B,I,H", help="for every cell (default: each cell's own)")
    parser.add_argument("--threads", nargs="+", type=positive(int), metavar="N", help="(default: 1 2)")
    parser.add_argument("--modes", nargs="+", choices=["train", "infer"], help="(default: both)")
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, metavar="RIVAL", help=f"of {', '.join(RIVALS)} (default: all)")
    parser.add_argument("--rounds", type=positive(int), help="turns of each entrant in a row (default: 5, of all-cells 3)")
    parser.add_argument("--seconds", type=positive(float), help="for each entrant in each round, after twice that to warm up (default: 0.7, of all-cells 0.4)")
    parser.add_argument("--simd", choices=["scalar", "128", "256", "512"], help="narrow Unroll's vectors, and the peak it is measured against")
    parser.add_argument("--json", default=os.path.join(HERE, "..", "..", "artifacts", "race.json"), metavar="FILE", help="where all rounds go (default: artifacts/race.json)")
    parser.add_argument("--plan", action="store_true", help="only say what would be raced, and for about how long")
    parser.add_argument("--check", action="store_true", help="only compare the entrants' numbers")
    parser.add_argument("--write-readme", nargs="+", metavar="JSON", help="instead of racing, put the tables of these files into bench/README.md")
    options = parser.parse_args()
    options.all_cells = ALL_CELLS in options.cells
    if options.all_cells:
        options.cells = catalogue()
    usual = dict(threads=[1], modes=["train"], rivals=["PyTorch"], rounds=3, seconds=0.4) if options.all_cells else dict(threads=[1, 2], modes=["train", "infer"], rivals=RIVALS, rounds=5, seconds=0.7)
    for name, value in usual.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if options.write_readme:
        return report.write_readme(options.write_readme, os.path.join(HERE, "..", "README.md"))
    if options.plan:
        rows = plan(options)
        minutes = sum((len(options.rivals) + 1 + ("PyTorch" in options.rivals and row[1] not in LAYERS_OF_PYTORCH)) * (options.rounds + 2) * options.seconds for row in rows) / 60
        return print(f"{len(rows)} rows, up to {minutes:.0f} minutes or more where a single step takes longer than a round", file=sys.stderr)
    options.json = os.path.normpath(options.json)
    return check(options) if options.check else run(options)


if __name__ == "__main__":
    sys.exit(main())

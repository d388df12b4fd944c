#!/usr/bin/env python3
"""Runs the entrants of a race in turns, in one process each that stays up, and reports median and minimum.

The work is one LSTM layer's training step: forward, then the gradients of the input, every weight, both biases and
both initial states, for a given random output gradient. An entrant reads one JSON object a line and answers with one.
"""
import argparse
import glob
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

CASES = [(50, 50, 128, 128), (100, 64, 512, 512)]  # T, B, I, H


def operations(t, b, i, h):
    """Floating-point operations of a training step's products: forward 2·T·B·(I+H)·4H, three times that with the gradients."""
    return 3 * 2 * t * b * (i + h) * 4 * h


# OpenBLAS does not know every processor, least of all under a hypervisor, and then falls back to kernels five times slower.
BLAS_KERNELS = ["", "SkylakeX", "Cooperlake", "Haswell", "Zen"]
BLAS_PROBE = """
import time, torch
torch.set_num_threads(1)
a = torch.randn(768, 768)
best = 0
for _ in range(20):
    start = time.perf_counter()
    a @ a
    best = max(best, 2 * 768 ** 3 / (time.perf_counter() - start) / 1e9)
print(best)
"""


def fastest_blas(python, env):
    """The name of OpenBLAS's kernels that multiply fastest here; empty for its own choice."""
    speeds = {}
    for name in BLAS_KERNELS:
        probe = subprocess.run([python, "-c", BLAS_PROBE], env={**env, **({"OPENBLAS_CORETYPE": name} if name else {})}, capture_output=True, text=True)
        if probe.returncode == 0:  # kernels this processor cannot run end in a signal
            speeds[name] = float(probe.stdout)
    best = max(speeds, key=speeds.get)
    print("PyTorch's matrix product by OpenBLAS kernels: " + ", ".join(f"{name or 'its own choice'} {speed:.0f} GF/s" for name, speed in speeds.items()), file=sys.stderr)
    return best


def rival_environment(python):
    """PyTorch at its best: the fastest OpenBLAS kernels, OpenBLAS's OpenMP build (the threaded build oversubscribes), widest vectors."""
    env = dict(os.environ)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        env.pop(name, None)
    folders = glob.glob("/usr/lib/*/openblas-openmp")
    env["LD_LIBRARY_PATH"] = ":".join(folders + [env["LD_LIBRARY_PATH"]] if env.get("LD_LIBRARY_PATH") else folders)
    flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    env["ATEN_CPU_CAPABILITY"] = "avx512" if " avx512f" in flags else "avx2" if " avx2" in flags else "default"
    if name := fastest_blas(python, env):
        env["OPENBLAS_CORETYPE"] = name
    return env


def python_with_torch():
    for name in (os.environ.get("UNROLL_PEERS_PYTHON"), "/usr/bin/python3", shutil.which("python3"), sys.executable):
        if name and os.path.exists(name) and subprocess.run([name, "-c", "import torch"], capture_output=True).returncode == 0:
            return name
    sys.exit("no python3 with PyTorch found: install python3-torch, or name one in UNROLL_PEERS_PYTHON")


class Entrant:
    def __init__(self, command, env):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.about = self.ask(work="about")["about"]

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args} ended with status {self.process.wait()}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def race(entrants, case, threads, rounds, seconds):
    t, b, i, h = case
    request = dict(work="lstm-train", T=t, B=b, I=i, H=h, threads=threads)
    times, peaks = {name: [] for name in entrants}, []
    for entrant in entrants.values():
        entrant.ask(**request, seconds=2 * seconds)  # compiled and warm before anything counts
    for _ in range(rounds):
        peaks.append(entrants["Unroll"].ask(work="peak", threads=threads, seconds=0.2)["gflops"])
        for name, entrant in entrants.items():
            times[name].append(entrant.ask(**request, seconds=seconds)["milliseconds"])
    peak, flops = max(peaks), operations(*case)
    rows = {}
    for name, rounds_of in times.items():
        every = [ms for one in rounds_of for ms in one]
        median, best = statistics.median(every), min(every)
        rows[name] = {"median_ms": median, "min_ms": best, "steps": len(every), "round_medians_ms": [statistics.median(one) for one in rounds_of],
                      "gflops": flops / median / 1e6, "share_of_peak": flops / median / 1e6 / peak}
    result = {"T": t, "B": b, "I": i, "H": h, "threads": threads, "peak_gflops": peak, "entrants": rows}
    # One ratio a round, so that a machine that changes speed between rounds hurts both alike.
    for name in rows.keys() - {"Unroll"}:
        result[f"unroll_vs_{name.lower()}"] = statistics.median(
            theirs / ours for theirs, ours in zip(rows[name]["round_medians_ms"], rows["Unroll"]["round_medians_ms"]))
    return result


def table(results, about):
    lines = ["| T, B, I, H | threads | Unroll ms (min) | PyTorch ms (min) | PyTorch / Unroll | Unroll's share of peak | PyTorch's |", "|---|---|---|---|---|---|---|"]
    for r in results:
        ours, theirs = r["entrants"]["Unroll"], r["entrants"]["PyTorch"]
        lines.append(f"| {r['T']}, {r['B']}, {r['I']}, {r['H']} | {r['threads']} | {ours['median_ms']:.2f} ({ours['min_ms']:.2f}) | {theirs['median_ms']:.2f} ({theirs['min_ms']:.2f}) "
                     f"| {r['unroll_vs_pytorch']:.2f} | {ours['share_of_peak']:.0%} | {theirs['share_of_peak']:.0%} |")
    return "\n".join([*lines, "", *(f"{name}: {text}." for name, text in about.items())])


def processor():
    for line in open("/proc/cpuinfo") if os.path.exists("/proc/cpuinfo") else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--seconds", type=float, default=1.0, help="for each entrant in each round")
    options.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    options.add_argument("--case", type=lambda text: tuple(map(int, text.split(","))), action="append", help="T,B,I,H; may be repeated")
    options.add_argument("--json", help="also write the figures to this file")
    options = options.parse_args()

    ours = dict(os.environ)
    ours.pop("UNROLL_SIMD", None)
    here = os.path.dirname(os.path.abspath(__file__))
    bench = os.path.join(here, "..", "Unroll.Bench", "bin", "Release", "net10.0", "Unroll.Bench.dll")
    python = python_with_torch()
    rival = rival_environment(python)
    entrants = {"Unroll": Entrant(["dotnet", bench, "peer"], ours), "PyTorch": Entrant([python, os.path.join(here, "torch_entrant.py")], rival)}
    about = {"Machine": f"{processor()}, {os.cpu_count()} processors", **{name: entrant.about for name, entrant in entrants.items()},
             "OpenBLAS kernels": rival.get("OPENBLAS_CORETYPE", "its own choice"),
             "Date": time.strftime("%Y-%m-%d", time.gmtime())}
    results = []
    for case in options.case or CASES:
        for threads in options.threads:
            results.append(race(entrants, case, threads, options.rounds, options.seconds))
            print(f"{case} on {threads}: {results[-1]['unroll_vs_pytorch']:.2f}×", file=sys.stderr)
    for entrant in entrants.values():
        entrant.close()
    print(table(results, about))
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"about": about, "results": results}, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()

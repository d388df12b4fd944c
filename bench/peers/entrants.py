"""The entrants of the race: each is a process that stays up, reads one JSON object a line and answers with one, so that they can take turns."""
import glob
import json
import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
RIVALS = ["PyTorch", "oneDNN", "ONNX Runtime"]


class Missing(Exception):
    """An entrant that cannot start here, or has ended; says why, and what would help."""

    def __init__(self, name, why):
        super().__init__(why)
        self.name = name


class Entrant:
    def __init__(self, name, command, env):
        self.name = name
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        except OSError as error:
            raise Missing(name, f"it does not start: {error}") from error
        self.about = self.ask(work="about")["about"]

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            raise Missing(self.name, f"it ended with status {self.process.wait()} at {json.dumps(request)}")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


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


class Stable:
    """Knows how each entrant is started at its best setting, and starts them for a number of threads."""

    def __init__(self, rivals, simd=None, fast=True):
        self.rivals, self.simd, self.fast, self.missing, self._torch = rivals, simd, fast, {}, None

    def start(self, threads):
        """All entrants that can be had, Unroll first; why the others cannot is in `missing`."""
        started = {}
        for name in ["Unroll", *self.rivals]:
            try:
                command, env = getattr(self, "_" + name.lower().replace(" ", "_"))()
                env["OMP_NUM_THREADS"] = str(threads)
                started[name] = Entrant(name, command, env)
            except Missing as why:
                self.lose(why)
        return started

    def lose(self, missing):
        """Goes on without an entrant, and says so; not without Unroll."""
        if missing.name == "Unroll":
            sys.exit(f"Unroll's entrant: {missing}")
        if missing.name not in self.missing:
            print(f"without {missing.name}: {missing}", file=sys.stderr)
        self.missing[missing.name] = str(missing)

    def _unroll(self):
        program = os.path.join(HERE, "..", "Unroll.Bench", "bin", "Release", "net10.0", "Unroll.Bench.dll")
        if not os.path.exists(program):
            raise Missing("Unroll", "it is not built; run bench/peers/run.sh, or dotnet build bench/Unroll.Bench -c Release")
        env = clean_environment()
        if self.simd:
            env["UNROLL_SIMD"] = self.simd
        return ["dotnet", program, "peer"], env

    def _pytorch(self):
        if self._torch is None:
            names = (os.environ.get("UNROLL_PEERS_PYTHON"), "/usr/bin/python3", shutil.which("python3"), sys.executable)
            python = next((name for name in names if name and os.path.exists(name) and subprocess.run([name, "-c", "import torch"], capture_output=True).returncode == 0), None)
            if not python:
                raise Missing("PyTorch", "no python3 has it; install Debian's python3-torch, or name a python in UNROLL_PEERS_PYTHON")
            self._torch = python, torch_environment(python) if self.fast else clean_environment()
        return [self._torch[0], os.path.join(HERE, "torch_entrant.py")], dict(self._torch[1])

    def _onednn(self):
        program = os.path.join(HERE, "bin", "onednn_entrant")
        if not os.path.exists(program):
            raise Missing("oneDNN", "bench/peers/bin/onednn_entrant is not built; run.sh builds it with g++ and Debian's libdnnl-dev")
        return [program], clean_environment()

    def _onnx_runtime(self):
        node = shutil.which("node")
        if not node:
            raise Missing("ONNX Runtime", "there is no node; install Node.js 18 or later")
        if not os.path.exists(os.path.join(HERE, "node_modules", "onnxruntime-node")):
            raise Missing("ONNX Runtime", "bench/peers/node_modules has no onnxruntime-node; run.sh gets it by npm")
        return [node, os.path.join(HERE, "onnx_entrant.mjs")], clean_environment()

    @property
    def blas(self):
        """Which of OpenBLAS's kernels PyTorch was given."""
        return self._torch[1].get("OPENBLAS_CORETYPE", "its own choice") if self._torch else None


def clean_environment():
    """Without what a shell may set that slows an entrant down or narrows its vectors."""
    prefixes = ("OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_", "ONEDNN_", "DNNL_", "ATEN_", "UNROLL_SIMD", "UNROLL_THREADS", "DOTNET_Tiered", "DOTNET_gc")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def torch_environment(python):
    """PyTorch at its best: the fastest OpenBLAS kernels, OpenBLAS's OpenMP build (the threaded build oversubscribes), widest vectors."""
    env = clean_environment()
    folders = glob.glob("/usr/lib/*/openblas-openmp")
    env["LD_LIBRARY_PATH"] = ":".join([*folders, *filter(None, [env.get("LD_LIBRARY_PATH")])])
    flags = open("/proc/cpuinfo").read() if os.path.exists("/proc/cpuinfo") else ""
    env["ATEN_CPU_CAPABILITY"] = "avx512" if " avx512f" in flags else "avx2" if " avx2" in flags else "default"
    speeds = {}
    for name in BLAS_KERNELS:
        probe = subprocess.run([python, "-c", BLAS_PROBE], env={**env, **({"OPENBLAS_CORETYPE": name} if name else {})}, capture_output=True, text=True)
        if probe.returncode == 0:  # kernels this processor cannot run end in a signal
            speeds[name] = float(probe.stdout)
    print("PyTorch's matrix product by OpenBLAS kernels: " + ", ".join(f"{name or 'its own choice'} {speed:.0f} GF/s" for name, speed in speeds.items()), file=sys.stderr)
    if speeds and (best := max(speeds, key=speeds.get)):
        env["OPENBLAS_CORETYPE"] = best
    return env

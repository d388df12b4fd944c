"""The race's figures as a JSON file, as tables, and as the table section of bench/README.md."""
import json
import os
import statistics
import sys

BEGIN, END = "<!-- race: begin -->", "<!-- race: end -->"
TITLES = {
    "lstm": "LSTM", "gru": "GRU, reset after the product", "gru-before": "GRU, reset before the product", "elman": "Plain RNN (tanh)",
    "lstm-peephole": "LSTM with peepholes (PyTorch: TorchScript)", "lstm-layer-norm": "LSTM with layer normalisation (PyTorch: TorchScript)",
    "char-rnn": "A character model's whole training step (T, B, vocabulary, H)", "ragged": "Ragged batches: lengths uniform in 1…T, against as many tokens in full batches",
    "lstm-bf16": "LSTM with weights as bfloat16, the rivals' as they are", "lstm-int8": "LSTM with weights as 8-bit integers, the rivals' as they are",
}
NOT_OF_PEAK = ("ragged", "lstm-bf16", "lstm-int8")  # not only float products of all tokens


def write_json(path, about, results):
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    with open(path + ".new", "w") as file:
        json.dump({"about": about, "results": results}, file, indent=1, ensure_ascii=False)
        file.write("\n")
    os.replace(path + ".new", path)


def read(paths):
    """The results of several files as one; a row that is in two counts as the later file has it."""
    rows, about = {}, {}
    for path in paths:
        try:
            with open(path) as file:
                content = json.load(file)
            for row in content["results"]:
                rows[tuple(row[name] for name in ("cell", "mode", "T", "B", "I", "H", "threads"))] = row
        except (OSError, ValueError, KeyError, TypeError) as error:
            sys.exit(f"{path}: not a file that race.py wrote: {error!r}")
        for name, value in content["about"].items():
            if name in about and about[name] != value and name in ("commit", "processor"):
                sys.exit(f"{path}: {name} is {value}, in the files before {about[name]}; a table is of one machine and one commit")
            about[name] = value
    return about, list(rows.values())


def tables(about, results):
    """Markdown: a table for each cell, then what was raced on what."""
    lines = []
    for cell, title in TITLES.items():
        for mode, of in (("train", "training"), ("infer", "inference")):
            some = [row for row in results if row["cell"] == cell and row["mode"] == mode]
            if not some:
                continue
            shapes = [[row[name] for name in "TBIH"] for row in some]
            some.sort(key=lambda row: (shapes.index([row[name] for name in "TBIH"]), row["threads"]))
            mine = [name for name in ("PyTorch", "oneDNN", "ONNX Runtime", "ONNX Runtime int8", "full batches") if any(name in row["entrants"] for row in some)]
            head = ["T, B, I, H", "threads", "Unroll ms (min)", "of peak", *(text for name in mine for text in (f"{name} ms (min)", f"Unroll / {name}"))]
            lines += [f"**{title}, {of}**" if cell != "char-rnn" else f"**{title}**", "", f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
            for row in some:
                ours = row["entrants"]["Unroll"]
                cells = [f"{row['T']}, {row['B']}, {row['I']}, {row['H']}", str(row["threads"]), time_of(ours), "–" if cell in NOT_OF_PEAK else f"{ours['share_of_peak']:.0%}"]
                for name in mine:
                    theirs = row["entrants"].get(name)
                    cells += [time_of(theirs, row.get("tokens_share", 1)), f"{row['unroll_over'][name]:.2f}"] if theirs else ["–", "–"]
                lines.append(f"| {' | '.join(cells)} |")
            lines.append("")
    peaks = {threads: statistics.median(row["peak_gflops"] for row in results if row["threads"] == threads) for threads in sorted({row["threads"] for row in results})}
    lines.append(f"{about['processor']}, {about['processors']} processors; measured peak "
                 + ", ".join(f"{peak:.0f} GF/s on {threads}" for threads, peak in peaks.items()) + f". Commit {about['commit'][:10]}{about['commit'][40:]}, {about['date']}, "
                 f"{about['rounds']} rounds of {about['seconds']} s. " + "; ".join(f"{name}: {text}" for name, text in about["entrants"].items())
                 + (f" (OpenBLAS kernels: {about['openblas_kernels']})" if about.get("openblas_kernels") else "") + "."
                 + "".join(f" Without {name}: {why}." for name, why in about.get("missing", {}).items()))
    return "\n".join(lines)


def time_of(figures, share=1):
    def text(ms):
        return f"{ms * share:.3g}" if ms * share < 100 else f"{ms * share:.0f}"
    return f"{text(figures['median_ms'])} ({text(figures['min_ms'])})"


def write_readme(paths, readme):
    """Replaces what stands between the marks by the tables, and by the plot where plot.py has drawn it."""
    with open(readme) as file:
        text = file.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{readme}: expected the lines {BEGIN} and {END} once each")
    plot = "![Share of the processor's peak, LSTM](race.svg)\n\n" if os.path.exists(os.path.join(os.path.dirname(readme), "race.svg")) else ""
    content = f"{BEGIN}\n\n{plot}{tables(*read(paths))}\n\n"
    with open(readme, "w") as file:
        file.write(text[: text.index(BEGIN)] + content + text[text.index(END):])

"""The race's figures as a JSON file, as tables, and as the table section of bench/README.md."""
import json
import os
import statistics
import sys

TITLES = {
    "lstm": "LSTM", "gru": "GRU, reset after the product", "gru-before": "GRU, reset before the product", "elman": "Plain RNN (tanh)",
    "lstm-peephole": "LSTM with peepholes", "lstm-layer-norm": "LSTM with layer normalisation",
    "char-rnn": "A character model's whole training step (T, B, vocabulary, H)", "ragged": "Ragged batches: lengths uniform in 1…T, against as many tokens in full batches",
    "lstm-bf16": "LSTM with weights as bfloat16, the rivals' as they are", "lstm-int8": "LSTM with weights as 8-bit integers, the rivals' as they are",
}
LAYERS = {"lstm": "nn.LSTM", "gru": "nn.GRU", "elman": "nn.RNN"}
SHORT = {"PyTorch eager": "eager", "TorchScript": "TorchScript"}
TASKS = {
    "tag": "Tagger: words and characters, bidirectional LSTM", "tag-crf": "Tagger with a conditional random field",
    "translate": "Translator with attention, beam of 5", "translate-greedy": "Translator with attention, greedy",
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
    singles = [row for row in results if row.get("all_cells") or row["cell"] not in TITLES and row["cell"] not in TASKS]
    lines = cell_tables(singles)
    for cell, title in TITLES.items():
        for mode, of in (("train", "training"), ("infer", "inference")):
            some = [row for row in results if row["cell"] == cell and row["mode"] == mode and row not in singles]
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
    lines += task_table([row for row in results if row["cell"] in TASKS])
    peaks = {threads: statistics.median(row["peak_gflops"] for row in results if row["threads"] == threads) for threads in sorted({row["threads"] for row in results})}
    lines.append(f"{about['processor']}, {about['processors']} processors; measured peak "
                 + ", ".join(f"{peak:.0f} GF/s on {threads}" for threads, peak in peaks.items()) + f". Commit {about['commit'][:10]}{about['commit'][40:]}, {about['date']}, "
                 f"{about['rounds']} rounds of {about['seconds']} s. " + "; ".join(f"{name}: {text}" for name, text in about["entrants"].items())
                 + (f" (OpenBLAS kernels: {about['openblas_kernels']})" if about.get("openblas_kernels") else "") + "."
                 + "".join(f" Without {name}: {why}." for name, why in about.get("missing", {}).items()))
    return "\n".join(lines)


def cell_tables(results):
    """A table of every cell for each shape, mode and number of threads: times, ratio, and which of PyTorch's ways was its fastest."""
    lines = []
    for key in dict.fromkeys((row["mode"], *(row[name] for name in "TBIH"), row["threads"]) for row in results):
        some = [row for row in results if (row["mode"], *(row[name] for name in "TBIH"), row["threads"]) == key]
        mode, *shape, threads = key
        lines += [f"**{'Every cell' if some[0].get('all_cells') else 'Cells'}, {'training' if mode == 'train' else 'inference'} at {', '.join(map(str, shape))} on {threads} thread{'s' if threads > 1 else ''}**", "",
                  "| cell | Unroll ms | of peak | PyTorch ms | Unroll / PyTorch | PyTorch's fastest |", "|---|---|---|---|---|---|"]
        for row in sorted(some, key=lambda row: row["cell"]):
            ours, theirs = row["entrants"]["Unroll"], row["entrants"].get("PyTorch")
            form = "–"
            if theirs and "form" not in theirs:
                form = f"`{LAYERS[row['cell']]}`"
            elif theirs:
                other = next((f"{SHORT[name]} {figures['median_ms']:.3g}" for name, figures in row["entrants"].items() if name in SHORT), "the other form failed")
                form = f"{SHORT[theirs['form']]} ({other})"
            against = [f"{theirs['median_ms']:.3g}", f"{row['unroll_over']['PyTorch']:.2f}"] if theirs else ["–", "–"]
            figures = [f"`{row['cell']}`", f"{ours['median_ms']:.3g}", f"{ours['share_of_peak']:.0%}", *against, form]
            lines.append(f"| {' | '.join(figures)} |")
        ratios = [row["unroll_over"]["PyTorch"] for row in some if "PyTorch" in row["unroll_over"]]
        if ratios:
            lines += ["", f"Unroll over PyTorch: {min(ratios):.2f} to {max(ratios):.2f}, median {statistics.median(ratios):.2f}, over {len(ratios)} cells."]
        lines.append("")
    return lines


def task_table(results):
    """A table of all tasks' models: tokens a second, and the ratio of times as everywhere."""
    if not results:
        return []
    lines = ["**Whole models (words of the longest sentence, batch, vocabulary, H), tokens a second**", "",
             "| model | | T, B, V, H | threads | Unroll | PyTorch | Unroll / PyTorch, time |", "|---|---|---|---|---|---|---|"]
    for row in sorted(results, key=lambda row: (list(TASKS).index(row["cell"]), row["mode"] != "train", row["B"], row["threads"])):
        theirs = [tokens_a_second(row, "PyTorch"), f"{row['unroll_over']['PyTorch']:.2f}"] if "PyTorch" in row["entrants"] else ["–", "–"]
        cells = [TASKS[row["cell"]], "training" if row["mode"] == "train" else "prediction", ", ".join(str(row[name]) for name in "TBIH"), str(row["threads"]), tokens_a_second(row, "Unroll"), *theirs]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def tokens_a_second(row, name):
    return f"{row['tokens'] / row['entrants'][name]['median_ms'] * 1e3:,.0f}"


def time_of(figures, share=1):
    def text(ms):
        return f"{ms * share:.3g}" if ms * share < 100 else f"{ms * share:.0f}"
    return f"{text(figures['median_ms'])} ({text(figures['min_ms'])})"


def write_readme(paths, readme):
    """Replaces what stands between the marks by the tables, and by the plot where plot.py has drawn it. Layers and whole models have a place each, which is left alone where there are no rows
    for it."""
    with open(readme) as file:
        text = file.read()
    about, results = read(paths)
    plot = "![Share of the processor's peak, LSTM](race.svg)\n\n" if os.path.exists(os.path.join(os.path.dirname(readme), "race.svg")) else ""
    for place, begins, some in (("race", plot, [row for row in results if row["cell"] not in TASKS]), ("models", "", [row for row in results if row["cell"] in TASKS])):
        begin, end = f"<!-- {place}: begin -->", f"<!-- {place}: end -->"
        if not some:
            continue
        if text.count(begin) != 1 or text.count(end) != 1:
            sys.exit(f"{readme}: expected the lines {begin} and {end} once each")
        text = text[: text.index(begin)] + f"{begin}\n\n{begins}{tables(about, some)}\n\n" + text[text.index(end):]
    with open(readme, "w") as file:
        file.write(text)

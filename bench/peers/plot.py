#!/usr/bin/env python3
"""Draws the share of the processor's peak that each entrant reached, from files that race.py wrote, as an SVG. Needs Matplotlib (Debian: python3-matplotlib)."""
import argparse
import os
import sys

import report

COLOURS = {"Unroll": "#1b6ca8", "PyTorch": "#e07a3f", "oneDNN": "#8a8f98", "ONNX Runtime": "#b9bec7"}


def draw(results, cell, path):
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "race", "font.family": "sans-serif", "font.size": 9})
    from matplotlib import pyplot

    rows = [row for row in results if row["cell"] == cell]
    if not rows:
        sys.exit(f"the files have no rows of {cell}; they have {', '.join(sorted({row['cell'] for row in results})) or 'none at all'}")
    threads = sorted({row["threads"] for row in rows})
    modes = [mode for mode in ("train", "infer") if any(row["mode"] == mode for row in rows)]
    shapes = list(dict.fromkeys(tuple(row[name] for name in "TBIH") for row in rows))
    names = [name for name in COLOURS if any(name in row["entrants"] for row in rows)]
    figure, axes = pyplot.subplots(len(modes), len(threads), figsize=(4.6 * len(threads), 2.9 * len(modes)), sharex=True, sharey=True, squeeze=False, layout="constrained")
    width = 0.84 / len(names)
    for (m, mode), (n, count) in ((a, b) for a in enumerate(modes) for b in enumerate(threads)):
        plot = axes[m][n]
        plot.set_title(f"{'training' if mode == 'train' else 'inference'}, {count} thread{'s' if count > 1 else ''}", loc="left", fontsize=10)
        for k, name in enumerate(names):
            found = {tuple(row[s] for s in "TBIH"): row["entrants"][name]["share_of_peak"] for row in rows
                     if row["mode"] == mode and row["threads"] == count and name in row["entrants"]}
            at = [i for i, shape in enumerate(shapes) if shape in found]
            plot.bar([i + (k - (len(names) - 1) / 2) * width for i in at], [100 * found[shapes[i]] for i in at], width, color=COLOURS[name], label=name)
        plot.set_xticks(range(len(shapes)), [",".join(map(str, shape)) for shape in shapes], rotation=30, ha="right")
        plot.set_ylim(0, 100)
        plot.set_axisbelow(True)
        plot.grid(axis="y", color="#dddddd", linewidth=0.6)
        plot.spines[["top", "right", "left"]].set_visible(False)
        plot.tick_params(length=0)
        if n == 0:
            plot.set_ylabel("% of peak")
    for plot in axes[-1]:
        plot.set_xlabel("time steps, batch, input, hidden")
    found = {label: handle for plot in axes.flat for handle, label in zip(*plot.get_legend_handles_labels())}
    axes[0][-1].legend(found.values(), found.keys(), loc="lower right", bbox_to_anchor=(1, 1.08), borderaxespad=0, ncols=len(found), frameon=False, columnspacing=1, handlelength=1)
    figure.savefig(path, metadata={"Date": None})


def main():
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("json", nargs="+", help="files that race.py wrote")
    parser.add_argument("--cell", default="lstm", help="(default: lstm)")
    parser.add_argument("--out", default=os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "race.svg")), help="(default: bench/race.svg)")
    options = parser.parse_args()
    _, results = report.read(options.json)
    try:
        draw(results, options.cell, options.out)
    except ModuleNotFoundError as error:
        sys.exit(f"{error}: install Debian's python3-matplotlib, and run this with that python3")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Draws a training run: bits per symbol over time, from the run folder's metrics.jsonl, as an SVG.

    python3 docs/plot-run.py RUN/metrics.jsonl "title" >docs/training-run.svg
"""
import json
import math
import sys
from html import escape

WIDTH, HEIGHT = 720, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 110, 44, 44


def ticks(low, high, count):
    """Round numbers from low to high, about count of them."""
    step = 10 ** math.floor(math.log10((high - low) / count))
    step *= next((m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= count), 10)
    first = math.ceil(low / step - 1e-9)
    return [i * step for i in range(first, math.floor(high / step + 1e-9) + 1)]


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    title = sys.argv[2] if len(sys.argv) > 2 else ""
    training = [(e["seconds"], e["loss"] / math.log(2)) for e in events if e["event"] == "report" and e["loss"] is not None]
    validation = [(e["seconds"], e["loss"] / math.log(2)) for e in events if e["event"] == "validation" and e["loss"] is not None]
    every = training + validation
    right = max(x for x, _ in every)
    low, high = math.floor(min(y for _, y in every)), math.ceil(max(y for _, y in every))

    def px(x):
        return LEFT + (WIDTH - LEFT - RIGHT) * x / right

    def py(y):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (y - low) / (high - low)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{escape(title)}">',
           "<style>text{font:12px system-ui,sans-serif;fill:#57606a}.title{font-size:14px;font-weight:600}.grid{stroke:#8c959f;stroke-opacity:.25}"
           ".training{stroke:#0969da}.validation{stroke:#bc4c00}.at-training{fill:#0969da}.at-validation{fill:#bc4c00}"
           "@media(prefers-color-scheme:dark){text{fill:#9198a1}.training{stroke:#4493f8}.validation{stroke:#f0883e}.at-training{fill:#4493f8}.at-validation{fill:#f0883e}}</style>",
           f'<text class="title" x="{LEFT}" y="22">{escape(title)}</text>']
    for y in ticks(low, high, 6):
        out.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{py(y):.1f}" y2="{py(y):.1f}"/><text x="{LEFT - 8}" y="{py(y) + 4:.1f}" text-anchor="end">{y:g}</text>')
    for x in ticks(0, right, 8):
        out.append(f'<text x="{px(x):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:g}</text>')
    out.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">seconds</text>')
    out.append(f'<text x="{LEFT}" y="{TOP - 6}">bits per symbol</text>')
    # The two names stand at the ends of their lines, kept apart.
    ends = [("training", training[-1][1])] + ([("validation", validation[-1][1])] if validation else [])
    ends.sort(key=lambda end: -end[1])
    floor = 0.0
    for name, y in ends:
        at = max(py(y) + 4, floor)
        floor = at + 15
        out.append(f'<text class="at-{name}" x="{WIDTH - RIGHT + 8}" y="{at:.1f}">{name} {y:.2f}</text>')
    out.append(f'<path class="training" fill="none" stroke-width="2" d="M{" L".join(f"{px(x):.1f} {py(y):.1f}" for x, y in training)}"/>')
    if validation:
        out.append(f'<path class="validation" fill="none" stroke-width="2" d="M{" L".join(f"{px(x):.1f} {py(y):.1f}" for x, y in validation)}"/>')
        out.extend(f'<circle class="at-validation" cx="{px(x):.1f}" cy="{py(y):.1f}" r="3"/>' for x, y in validation)
    print("\n".join([*out, "</svg>"]))


if __name__ == "__main__":
    main()

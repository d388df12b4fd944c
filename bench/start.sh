#!/usr/bin/env bash
# Measures the start on this machine: how long `unroll train` takes from the command to the end of the first training step, and how long the first steps of a
# program that uses the library take. Medians of several processes.
#
#   bench/start.sh [COMMAND]      the unroll to measure, for instance that of tests/publish.sh FOLDER (default: the build's)
set -eu
cd "$(dirname "$0")/.."
runs=9 work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command=${1-}
dotnet build bench/Unroll.Bench -c Release -v quiet --nologo >"$work/log" || { cat "$work/log"; exit 1; }
[ -n "$command" ] || { dotnet build src/Unroll.Cli -c Release -v quiet --nologo >"$work/log" && command=src/Unroll.Cli/bin/Release/net10.0/Unroll.Cli; }

median() { sort -n | sed -n "$((runs / 2 + 1))p"; }

# first_step THREADS: milliseconds until the line that reports step 1.
first_step() {
  local began=${EPOCHREALTIME/./} line
  "$command" train --steps 1 --threads "$1" --out "$work/run" 2>&1 | while read -r line; do
    case $line in 'step 1/1 '*) echo $(((${EPOCHREALTIME/./} - began) / 1000)) ;; esac
  done
  rm -rf "$work/run"
}

for threads in 1 2; do
  echo "unroll train, to the end of the first step, $threads thread(s): $(for _ in $(seq $runs); do first_step $threads; done | median) ms"
done
for _ in $(seq $runs); do dotnet bench/Unroll.Bench/bin/Release/net10.0/Unroll.Bench.dll first-steps; done >"$work/steps"
echo "a char-RNN of the library (T 50, B 50, H 128), 1 thread: wall time and processor time"
for step in 1 2 3 4 5 10 20; do
  row() { awk -v step=$step -v column="$1" '$1 == step { print $column }' "$work/steps" | median; }
  printf '  step %-3d %8s ms %8s ms\n' $step "$(row 2)" "$(row 3)"
done

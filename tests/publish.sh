#!/usr/bin/env bash
# Publishes the command trimmed, self-contained and in a single file, with run-time code generation off, and runs it:
# it must build without a trimming or ahead-of-time warning, train, generate, evaluate, and refuse a damaged file.
#
#   tests/publish.sh [FOLDER]     the published command stays in FOLDER/unroll (default: a temporary folder, removed)
set -u
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
out=${1:-$work/publish}

# check NAME COMMAND…: one test; its output is shown when it fails.
check() {
  local name=$1
  shift
  if "$@" >"$work/log" 2>&1; then
    passed=$((passed + 1)) && echo "ok    $name"
  else
    failed=$((failed + 1)) && echo "FAIL  $name" && tail -40 "$work/log"
  fi
}
finish() {
  echo "tests: $passed passed, $failed failed"
  [ "$failed" -eq 0 ]
  exit
}

machine=$(uname -m)
rid=linux-$([ "$machine" = aarch64 ] && echo arm64 || echo x64)
publish() {
  dotnet publish src/Unroll.Cli -c Release -r "$rid" --self-contained -o "$out" -v quiet --nologo \
    -p:PublishTrimmed=true -p:PublishSingleFile=true -p:DynamicCodeSupport=false || return 1
  # The file is called unroll; the assembly cannot be, for unroll.dll and Unroll.dll are one name on some file systems.
  mv "$out/Unroll.Cli" "$out/unroll"
}
quiet_publish() {
  publish | tee "$work/publish.log"
  [ "${PIPESTATUS[0]}" = 0 ] && ! grep -E 'warning|IL[23][0-9]{3}' "$work/publish.log"
}
check "publishes trimmed in a single file without a warning" quiet_publish
[ "$failed" -eq 0 ] || finish

echo "      size: $(du -h --apparent-size "$out/unroll" | cut -f1), files: $(ls "$out" | wc -l)"
alone() { ls "$out" && [ "$(ls "$out")" = unroll ]; }
check "is one file" alone
code_off() { "$out/unroll" --version && grep -aq 'RuntimeFeature.IsDynamicCodeSupported": false' "$out/unroll"; }
check "starts with run-time code generation off" code_off
start=$(date +%s%N)
"$out/unroll" --version >/dev/null 2>&1
echo "      start-up: $((($(date +%s%N) - start) / 1000000)) ms"

train() { "$out/unroll" train --steps 40 --hidden 32 --batch 8 --sequence 25 --threads 2 --out "$work/run" --quiet; }
check "trains" train
generate() { [ "$("$out/unroll" generate "$work/run/model.safetensors" --length 200 --seed 1 | wc -m)" -ge 200 ]; }
check "generates" generate
head -c 20000 src/Unroll.Kernels/ProductTile.cs >"$work/text.txt"
evaluate() { "$out/unroll" evaluate "$work/run/model.safetensors" --data "$work/text.txt" --json | grep -q '"bits_per_character"'; }
check "evaluates" evaluate
tool() {
  dotnet pack src/Unroll.Cli -c Release -o "$work/packages" -v quiet --nologo \
    && dotnet tool install Unroll.Cli --tool-path "$work/tools" --source "$work/packages" --version "$("$out/unroll" --version)" \
    && "$work/tools/unroll" --version
}
check "installs as a dotnet tool" tool
damaged() {
  head -c 1000 "$work/run/model.safetensors" >"$work/damaged.safetensors"
  "$out/unroll" generate "$work/damaged.safetensors"
  [ $? -eq 3 ]
}
check "refuses a damaged model with exit code 3" damaged
finish

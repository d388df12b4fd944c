#!/usr/bin/env bash
# What a deployment takes on the disk, and the time from its start to its first prediction: Unroll's packages and its published command beside PyTorch (Debian's packages) and ONNX Runtime (its package for Node).
# All answer the same question with the same weights, the logarithm of the probability of a line of text, and the answers are compared. Prints a Markdown table; rivals that are not here are left out.
#
#   bench/peers/size.sh [RUNS]     medians of so many runs (default: 7)
set -eu
cd "$(dirname "$0")/../.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
runs=${1:-7} text='public static int Main()'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rid=linux-$([ "$(uname -m)" = aarch64 ] && echo arm64 || echo x64)

for project in Unroll.Kernels Unroll Unroll.Tasks Unroll.Onnx Unroll.Cli; do
  dotnet pack "src/$project" -c Release -o "$work/packages" -v quiet --nologo >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
done
dotnet publish src/Unroll.Cli -c Release -r "$rid" --self-contained -o "$work/publish" -v quiet --nologo \
  -p:PublishTrimmed=true -p:PublishSingleFile=true -p:DynamicCodeSupport=false >"$work/log" 2>&1 || { cat "$work/log" && exit 1; }
unroll="$work/publish/Unroll.Cli"
"$unroll" train --steps 20 --hidden 128 --layers 2 --out "$work/run" --quiet >/dev/null
"$unroll" export "$work/run" --out "$work/weights.safetensors" >/dev/null
"$unroll" export "$work/run" --to onnx --out "$work/model.onnx" >/dev/null

# first COMMAND…: the median of its wall time in milliseconds, after one run that warms the disk's cache; its last output stays in $work/answer.
first() {
  local times=() start
  "$@" >"$work/answer"
  for _ in $(seq "$runs"); do
    start=$(date +%s%N)
    "$@" >"$work/answer"
    times+=($((($(date +%s%N) - start) / 1000000)))
  done
  printf '%s\n' "${times[@]}" | sort -n | sed -n "$(((runs + 1) / 2))p"
}
answer() { grep -oE "\"log_probability\": ?-?[0-9.]+" "$work/answer" | head -1 | grep -oE "[-0-9.]+$"; }
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }
bytes_of() { du -cbL "$@" | tail -1 | cut -f1; }
row() { printf '| %s | %s | %s | %s |\n' "$@"; }

echo "| what | on the disk | start to first prediction | answer |"
echo "|---|---|---|---|"
for package in "$work"/packages/*.nupkg; do row "package $(basename "$package" .nupkg)" "$(megabytes "$(stat -c %s "$package")")" "" ""; done
time=$(first "$unroll" predict "$work/run" "$text" --json)
row "unroll, one trimmed file, nothing else needed" "$(megabytes "$(stat -c %s "$unroll")")" "$time ms" "$(answer)"
dotnet build src/Unroll.Cli -c Release -v quiet --nologo >/dev/null
time=$(first dotnet src/Unroll.Cli/bin/Release/net10.0/Unroll.Cli.dll predict "$work/run" "$text" --json)
row "unroll where .NET is installed" "$(megabytes "$(bytes_of src/Unroll.Cli/bin/Release/net10.0/*.dll)")" "$time ms" "$(answer)"
for python in python3 /usr/bin/python3; do
  "$python" -c 'import torch' 2>/dev/null || continue
  time=$(first "$python" bench/peers/first_torch.py "$work/weights.safetensors" "$text")
  # Python, PyTorch and what they need, without what every Debian has.
  size=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances --installed python3-torch 2>/dev/null | grep '^[a-z]' | sort -u \
    | xargs -r dpkg-query -W -f '${Priority} ${Installed-Size}\n' 2>/dev/null | awk '$1 != "required" { sum += $2 } END { print sum * 1024 }')
  row "PyTorch $("$python" -c 'import torch; print(torch.__version__)') with Python (Debian's packages)" "$(megabytes "${size:-0}")" "$time ms" "$(answer)"
  library=$(ls /usr/lib/*/libtorch_cpu.so* 2>/dev/null | tail -1 || true)
  [ -n "$library" ] && row "of that libtorch_cpu, which TorchSharp needs too" "$(megabytes "$(bytes_of "$library")")" "" ""
  break
done
if [ -d bench/peers/node_modules/onnxruntime-node ] && command -v node >/dev/null; then
  time=$(first node bench/peers/first_onnx.mjs "$work/model.onnx" "$work/weights.safetensors" "$text")
  row "ONNX Runtime for Node, without Node" "$(megabytes "$(bytes_of bench/peers/node_modules/onnxruntime-node/bin/*/linux/x64/*.so* bench/peers/node_modules/onnxruntime-node/bin/*/linux/x64/*.node)")" "$time ms" "$(answer)"
fi

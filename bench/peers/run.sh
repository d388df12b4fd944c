#!/usr/bin/env bash
# Races Unroll against PyTorch, oneDNN and ONNX Runtime on this machine and prints tables (bench/README.md; arguments go to race.py, see --help).
# Rivals that are not here are installed where that is allowed (apt-get as root, npm into this folder); UNROLL_PEERS_INSTALL=no installs nothing.
# A rival that cannot be had is named, and the race goes on without it.
set -eu
cd "$(dirname "$0")"
python3 race.py --plan "$@"      # a wrong argument ends it here, before anything is installed or built
for argument in "$@"; do
  case $argument in -h | --help | --plan) exit ;; --write-readme*) exec python3 race.py "$@" ;; esac
done

may_install() { [ "${UNROLL_PEERS_INSTALL-yes}" != no ]; }

# apt_install WHAT PACKAGES...: tries to install Debian packages that are missing; says so when it cannot.
apt_install() {
  local what=$1 missing=() package
  shift
  command -v dpkg-query >/dev/null || return 0
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if ! may_install || [ "$(id -u)" != 0 ]; then
    echo "$what: not installed: ${missing[*]} (as root: apt-get install ${missing[*]})" >&2
  elif ! { timeout 120 apt-get -qq update && timeout 900 apt-get -qq install -y --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1; then
    echo "$what: apt-get could not install ${missing[*]}" >&2
  fi
}

apt_install PyTorch python3-torch libopenblas0-openmp
apt_install oneDNN libdnnl-dev g++

if command -v g++ >/dev/null && echo '#include <dnnl.hpp>' | g++ -fsyntax-only -x c++ - 2>/dev/null; then
  mkdir -p bin
  [ bin/onednn_entrant -nt onednn_entrant.cpp ] || g++ -O2 -std=c++17 -fopenmp onednn_entrant.cpp -ldnnl -o bin/onednn_entrant || rm -f bin/onednn_entrant
fi

# Its processor kernels come in the package; the install script would only fetch those for graphics cards.
if [ ! -d node_modules/onnxruntime-node ] && command -v npm >/dev/null && may_install; then
  timeout 600 npm install --prefix . --ignore-scripts --no-save --no-package-lock --no-audit --no-fund --silent onnxruntime-node@1 || echo "ONNX Runtime: npm could not install onnxruntime-node" >&2
fi

dotnet build ../Unroll.Bench -c Release -v quiet --nologo
exec python3 race.py "$@"

#!/usr/bin/env bash
# Races Unroll's LSTM training against PyTorch's on this machine and prints a table (arguments go to race.py, see --help).
# Needs python3 with PyTorch. The rival runs at its best setting: see race.py.
set -eu
cd "$(dirname "$0")"
dotnet build ../Unroll.Bench -c Release -v quiet --nologo
exec python3 race.py "$@"

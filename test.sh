#!/usr/bin/env bash
# Builds everything (warnings are errors) and runs the tests; the last line counts them. Needs the .NET 10 SDK only.
#
#   ./test.sh              every test project, then the kernels and the library again with narrower vectors
#   ./test.sh house cli    only the projects whose names contain one of these words, at the widest vectors
#
# UNROLL_TEST_WIDTHS names the vector widths of the second round (default: those of scalar, 128, 256 the processor has; "" for none).
# UNROLL_API=update ./test.sh house lists the public API anew; UNROLL_DOCS=update ./test.sh house writes the generated pages anew.
set -u
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
unset UNROLL_THREADS
passed=0 failed=0 skipped=0

finish() {
  echo "tests: $passed passed, $failed failed, $skipped skipped"
  [ "$failed" -eq 0 ]
  exit
}

# A hanging test is a failed one: 15 minutes for a project, where the system has `timeout`.
limit=()
command -v timeout >/dev/null && limit=(timeout --signal=TERM --kill-after=10 900)

# run_project NAME LABEL [ARGUMENTS]: runs one test project, prints its summary (everything when it failed) and adds to the counts.
run_project() {
  local name=$1 label=$2 report status summary total bad left
  shift 2
  report=$(${limit[@]+"${limit[@]}"} dotnet "tests/$name/bin/Release/net10.0/$name.dll" -noColor "$@" 2>&1)
  status=$?
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+' <<<"$report" | tail -1)
  number() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
  if [ -z "$summary" ]; then
    # A crash prints its whole stack; the frames of the runner would push out of sight what failed.
    grep -vE '^ +at (Xunit|System)\.' <<<"$report"
    echo "$label: did not finish (exit status $status)"
    failed=$((failed + 1))
    return
  fi
  total=$(number Total) bad=$(($(number Errors) + $(number Failed))) left=$(($(number Skipped) + $(number 'Not Run')))
  # All tests passed and yet the process failed: a crash after the last test counts.
  [ "$status" -ne 0 ] && [ "$bad" -eq 0 ] && bad=1 && total=$((total + 1))
  [ "$bad" -ne 0 ] && printf '%s\n' "$report"
  printf '%-34s %5d passed %3d failed %3d skipped %s\n' "$label" $((total - bad - left)) "$bad" "$left" "$(grep -oE 'Time: .*' <<<"$summary")"
  passed=$((passed + total - bad - left)) failed=$((failed + bad)) skipped=$((skipped + left))
}

if ! dotnet build Unroll.slnx -c Release -v quiet --nologo; then
  echo "the build failed"
  failed=1
  finish
fi

for project in tests/*/*.csproj; do
  name=$(basename "$project" .csproj)
  wanted=$([ $# -eq 0 ] && echo yes)
  for word in "$@"; do
    grep -qi -- "$word" <<<"$name" && wanted=yes
  done
  [ "$wanted" = yes ] && run_project "$name" "$name"
done

# The same numbers on every kind of processor: the projects that compute run again on each narrower instruction set, but for tests that go through all widths themselves.
if [ $# -eq 0 ]; then
  widths="scalar 128"
  grep -qsw avx2 /proc/cpuinfo && widths="$widths 256"
  for width in ${UNROLL_TEST_WIDTHS-$widths}; do
    export UNROLL_SIMD=$width
    run_project Unroll.Kernels.Tests "Unroll.Kernels.Tests ($width)"
    run_project Unroll.Tests "Unroll.Tests ($width)" -trait- "Vectors=all widths at once"
  done
fi
finish

#!/usr/bin/env bash
# Builds everything (warnings are errors) and runs every test project; the last line counts them.
set -u
cd "$(dirname "$0")"
dotnet build Unroll.slnx -c Release -v quiet --nologo || exit 1
passed=0 failed=0 skipped=0
for project in tests/*/; do
  name=$(basename "$project")
  report=$(dotnet "$project/bin/Release/net10.0/$name.dll" -noColor "$@" 2>&1)
  status=$?
  summary=$(grep -E '^ +[A-Za-z.]+ +Total: ' <<<"$report" | tail -1)
  if [ $status -ne 0 ] || [ -z "$summary" ]; then printf '%s\n' "$report"; else printf '%s\n' "${summary#   }"; fi
  count() { sed -nE "s/.*$1: ([0-9]+).*/\1/p" <<<"$summary"; }
  total=$(count Total) bad=$(( $(count Failed || echo 0) + $(count Errors || echo 0) )) left=$(( $(count Skipped) + $(count 'Not Run') ))
  [ -z "$total" ] && total=1 bad=1 left=0
  [ $status -ne 0 ] && [ "$bad" -eq 0 ] && bad=1
  failed=$((failed + bad)) skipped=$((skipped + left)) passed=$((passed + total - bad - left))
done
echo "tests: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]

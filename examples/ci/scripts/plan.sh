#!/usr/bin/env bash
# plan.sh SPEC [FOLDER]: checks a spec, plans it, and leaves NAME.html (the page), NAME.txt and NAME.md (the comment) in FOLDER.
# Nothing is changed. Needs the cloud's reading role and the state's place in HERA_STATE; HERA_SIMULATE=1 needs neither.
set -euo pipefail
spec=$1 folder=${2:-plans}
mkdir -p "$folder"
clusterctl validate -f "$spec"
name=$(clusterctl validate -f "$spec" -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["cluster"]["metadata"]["name"])')
code=0
clusterctl plan cluster -f "$spec" ${HERA_SIMULATE:+--simulate} --engine local --html "$folder/$name.html" >"$folder/$name.txt" || code=$?
cat "$folder/$name.txt"
case $code in
0) title="nothing to do" ;;
2) title="changes" ;;
*) exit "$code" ;;
esac
{
  printf '### Plan of `%s`: %s\n\n~~~~~\n' "$name" "$title"
  head -c 60000 "$folder/$name.txt"
  printf '\n~~~~~\n\nThe page with every attribute is among the artifacts of this run.\n'
} >"$folder/$name.md"

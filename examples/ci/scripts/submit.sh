#!/usr/bin/env bash
# submit.sh SPEC [NAME=VALUE ...]: what apply.sh does, with nothing but the argo command. A plan that destroys or replaces something
# waits for a person (approval=destructive); `approval=never` behind the spec asks nobody. Prints the workflow's name, waits, and
# ends with the workflow's success.
set -euo pipefail
spec=$1
shift
name=$(sed -n '/^metadata:/,/^[^ ]/s/^  name: *//p' "$spec" | head -n 1)
flags=(-p "cluster=$name" -p "spec=$(cat "$spec")" -p approval=destructive)
for pair in "$@"; do flags+=(-p "$pair"); done
run=$(argo submit -n hera --from "workflowtemplate/${HERA_PIPELINE:-create-cluster}" "${flags[@]}" -o name)
echo "$run"
argo wait -n hera "$run"
test "$(argo get -n hera "$run" -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["status"]["phase"])')" = Succeeded

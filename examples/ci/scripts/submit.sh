#!/usr/bin/env bash
# submit.sh PIPELINE NAME=VALUE...: runs a pipeline on the management cluster and waits for it, with nothing but the argo command and
# the rights of hera-submitter. Prints the run's outputs as NAME=VALUE; ends with 0 when it succeeded. A cancelled job leaves it going.
set -euo pipefail
pipeline=$1
shift
flags=()
for pair in "$@"; do flags+=(-p "$pair"); done
run=$(argo submit -n hera --from "workflowtemplate/$pipeline" "${flags[@]}" -o name)
echo "run $run: argo get -n hera $run" >&2
code=0
argo wait -n hera "$run" >&2 || code=1
argo get -n hera "$run" -o json | python3 -c '
import json, sys

status = json.load(sys.stdin)["status"]
for output in status.get("outputs", {}).get("parameters", ()):
    print(output["name"] + "=" + str(output.get("value", "")))
sys.exit(status["phase"] != "Succeeded")' || code=1
if [ "$code" != 0 ]; then
  argo get -n hera "$run" >&2
  argo logs -n hera "$run" --tail 20 >&2
fi
exit "$code"

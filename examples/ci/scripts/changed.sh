#!/usr/bin/env bash
# changed.sh [BASE] [FOLDER]: the cluster specs that differ from commit BASE, as a JSON list of {spec, cluster, cloud};
# all of them where there is no BASE. A spec that was deleted is not in it: CI never deletes a cluster.
set -euo pipefail
base=${1:-} folder=${2:-clusters}
if [ -n "$base" ] && git cat-file -e "$base^{commit}" 2>/dev/null; then
  changed() { git diff --name-only --diff-filter=d -z "$base" HEAD -- "$folder"; }
else
  changed() { git ls-files -z -- "$folder"; }
fi
changed | while IFS= read -r -d '' spec; do
  case $spec in *.yaml | *.yml) ;; *) continue ;; esac
  clusterctl validate -f "$spec" -o json
done | python3 -c '
import json, sys

text, found, decoder = sys.stdin.read().strip(), [], json.JSONDecoder()
while text:
    one, end = decoder.raw_decode(text)
    text = text[end:].lstrip()
    found.append({"spec": one["file"], "cluster": one["cluster"]["metadata"]["name"], "cloud": one["cluster"]["spec"]["cloud"]})
print(json.dumps(found))'

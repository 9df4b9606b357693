#!/usr/bin/env bash
# apply.sh SPEC: makes or changes the cluster by the create-cluster pipeline. It runs on the management cluster, where a plan that
# destroys or replaces something waits for a person (HERA_APPROVAL: always, destructive, never); with HERA_ENGINE=local in this job,
# where the reviewers of the environment have approved.
set -euo pipefail
spec=$1
if [ "${HERA_ENGINE:-argo}" = local ]; then
  exec clusterctl create cluster -f "$spec" ${HERA_SIMULATE:+--simulate} --engine local --yes --timeout "${HERA_TIMEOUT:-110m}"
fi
name=$(clusterctl validate -f "$spec" -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["cluster"]["metadata"]["name"])')
"$(dirname "$0")/submit.sh" create-cluster "cluster=$name" "spec=$(cat "$spec")" "approval=${HERA_APPROVAL:-destructive}"

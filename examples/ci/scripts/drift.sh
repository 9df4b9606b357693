#!/usr/bin/env bash
# drift.sh NAME: compares what was applied with what is there; ends with 2 when they differ. Nothing is changed.
set -euo pipefail
name=$1
if [ "${HERA_ENGINE:-argo}" = local ]; then
  exec clusterctl drift cluster "$name" ${HERA_SIMULATE:+--simulate} --engine local --full
fi
outputs=$("$(dirname "$0")/submit.sh" drift-cluster "cluster=$name")
echo "$outputs"
if grep -q -e '-drift=true$' <<<"$outputs"; then exit 2; fi

#!/usr/bin/env bash
# apply.sh SPEC: makes or changes the cluster. By default the pipeline runs on the management cluster (management.sh says where) and
# this job only watches: when it is cancelled, the pipeline goes on. The environment's reviewers have approved: hence --yes.
set -euo pipefail
spec=$1
clusterctl create cluster -f "$spec" ${HERA_SIMULATE:+--simulate} --yes --timeout "${HERA_TIMEOUT:-110m}"

#!/usr/bin/env bash
# drift.sh NAME: compares what was applied with what is there; ends with 2 when they differ. Nothing is changed.
set -euo pipefail
clusterctl drift cluster "$1" ${HERA_SIMULATE:+--simulate} --full

#!/usr/bin/env bash
# management.sh: lets clusterctl and argo reach the management cluster with the job's own identity. Writes a kubeconfig in which
# there is no secret: token.py asks the CI system for a token whenever one is needed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
file=${KUBECONFIG:-$HOME/.kube/config}
mkdir -p "$(dirname "$file")"
cat >"$file" <<YAML
apiVersion: v1
kind: Config
current-context: management
clusters:
- name: management
  cluster:
    server: "${HERA_MANAGEMENT_SERVER:?the API server address}"
    certificate-authority-data: "${HERA_MANAGEMENT_CA:?its authority certificate, base64}"
contexts:
- name: management
  context: {cluster: management, user: ci, namespace: hera}
users:
- name: ci
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: python3
      args: ["$here/token.py"]
      interactiveMode: Never
YAML
chmod 600 "$file"
home=${HERA_HOME:-$HOME/.local/share/hera}
mkdir -p "$home"
printf '{"kubeconfig": "%s", "context": "management", "namespace": "hera"}\n' "$file" >"$home/management.json"

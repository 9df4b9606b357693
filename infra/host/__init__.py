"""A single-node Kubernetes of plain processes on this machine: no Docker, no registry, nothing left after `down`."""

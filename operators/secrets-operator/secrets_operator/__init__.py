"""Secrets of a cloud as Secrets of Kubernetes, and back: docs/secrets.md says how to use it."""

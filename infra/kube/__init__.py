"""The Kubernetes API as plain dicts and paths: what the management cluster needs, without generated models."""

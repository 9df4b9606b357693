"""Google Cloud: GKE in a network of its own, states in Cloud Storage."""

from infra.providers.gcp.provider import Gcp

PROVIDER = Gcp()

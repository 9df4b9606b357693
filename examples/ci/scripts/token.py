"""Prints the CI job's identity token as exec plugins do: GitLab has put it in HERA_ID_TOKEN, GitHub is asked for one."""

from __future__ import annotations

import base64
import json
import os
import urllib.request
from datetime import UTC, datetime

AUDIENCE = os.environ.get("HERA_AUDIENCE", "hera")


def token() -> str:
    """Return a token for the management cluster's API server."""
    if given := os.environ.get("HERA_ID_TOKEN"):
        return given
    address = f"{os.environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={AUDIENCE}"
    bearer = {"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    with urllib.request.urlopen(urllib.request.Request(address, headers=bearer), timeout=30) as answer:
        return str(json.load(answer)["value"])


def expires(jwt: str) -> str:
    """Return when a token ends, from its own claims."""
    claims = jwt.split(".")[1]
    seconds = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


if __name__ == "__main__":
    jwt = token()
    status = {"token": jwt, "expirationTimestamp": expires(jwt)}
    print(json.dumps({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status}))

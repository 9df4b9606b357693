"""Who the credentials belong to, read from the token itself: no right is needed to know one's own name."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from infra.providers.azure.sdk import SCOPE, asking, credential, subscription
from infra.providers.base import Identity


def claims(token: str) -> Mapping[str, Any]:
    """Return what a token says of its owner; the signature is Azure's business."""
    body = token.split(".")[1]
    data: Mapping[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return data


def own_claims(who: Any = None) -> Mapping[str, Any]:
    """Return the claims of a fresh token; raises `AuthDenied` when there is none to get."""
    with asking("get a token for Azure"):
        return claims((who or credential()).get_token(SCOPE).token)


def identity(options: Mapping[str, Any] | None = None) -> Identity:
    """Return subscription and principal."""
    account, said = subscription(options), own_claims()
    name = next((said[key] for key in ("upn", "unique_name", "app_displayname", "appid", "oid") if said.get(key)), "unknown")
    return Identity(account, str(name))

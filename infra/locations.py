"""Where Terraform states, plans and the ledger live, read from a URL; light, since every command starts with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from infra.errors import UsageError


@dataclass(frozen=True)
class StateLocation:
    """Where Terraform states, plans and the ledger live: `scheme://bucket/prefix?option=value`.

    For example `file:///var/lib/hera`, `s3://my-state/hera?region=eu-west-1`,
    `azurerm://account/container?resource_group=rg`, `gs://my-state/hera`.
    """

    scheme: str
    bucket: str
    prefix: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, url: str) -> StateLocation:
        """Read a location from its URL; raises `UsageError` when it is none."""
        parts = urlsplit(url)
        if not parts.scheme or not (parts.netloc or parts.path):
            raise UsageError(f"{url!r} is no state location; accepted: file:///folder, s3://bucket?region=…, azurerm://…, gs://…")
        options = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        return cls(parts.scheme, parts.netloc, parts.path.strip("/") if parts.netloc else parts.path, options)

    def key(self, *parts: str) -> str:
        """Join the prefix and `parts` to an object's key."""
        return "/".join(part for part in ((self.prefix if self.bucket else ""), *parts) if part)


def state_key(cluster: str, stage: str) -> str:
    """Return the key of a stage's state below a location's prefix, as it is given to terraform's backend."""
    return f"clusters/{cluster}/{stage}.tfstate"

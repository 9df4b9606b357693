"""Provider functions (`provider::aws::arn_parse` and its like): pure, few, and cheap to offer truthfully."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.simulator.errors import CloudError

STRING = "string"
_ARN = {"partition": STRING, "service": STRING, "region": STRING, "account_id": STRING, "resource": STRING}


@dataclass(frozen=True)
class Function:
    """One function: parameter names (all strings unless typed), the result's type, and what computes it."""

    parameters: tuple[str, ...]
    result: object
    call: Callable[..., object]

    def describe(self, target: Any) -> None:
        """Fill the protocol's description of the function."""
        for name in self.parameters:
            target.parameters.add(name=name, type=b'"string"')
        getattr(target, "return").type = json.dumps(self.result).encode()
        target.summary = "simulated"


def _arn_parse(arn: str) -> dict[str, str]:
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise CloudError(f"arn parse failed: {arn!r} is not an ARN")
    return dict(zip(_ARN, parts[1:], strict=True))


def _arn_build(partition: str, service: str, region: str, account: str, resource: str) -> str:
    return ":".join(("arn", partition, service, region, account, resource))


def _trim_iam_role_path(arn: str) -> str:
    return re.sub(r":role/(?:.*/)?", ":role/", arn)


def _parse_resource_id(value: str) -> dict[str, object]:
    segments = value.strip("/").split("/")
    pairs = dict(zip(segments[::2], segments[1::2], strict=False))
    keys = [key for key in pairs if key not in ("subscriptions", "resourceGroups", "providers")]
    return {
        "resource_group_name": pairs.get("resourceGroups", ""),
        "subscription_id": pairs.get("subscriptions", ""),
        "resource_provider": pairs.get("providers", ""),
        "resource_name": segments[-1],
        "resource_type": keys[-1] if keys else "",
        "resource_scope": "",
        "full_resource_type": "/".join([pairs.get("providers", ""), *keys]),
        "parent_resources": {key: pairs[key] for key in keys[:-1]},
    }


_AZURE_ID: dict[str, object] = dict.fromkeys(
    (
        "resource_group_name",
        "subscription_id",
        "resource_provider",
        "resource_name",
        "resource_type",
        "resource_scope",
        "full_resource_type",
    ),
    STRING,
) | {"parent_resources": ["map", STRING]}


def _segment(kind: str) -> Function:
    def find(value: str) -> str:
        found = re.search(rf"(?:^|/){kind}/([^/]+)", value)
        if not found:
            raise CloudError(f"{value!r} has no {kind} segment")
        return found.group(1)

    return Function(("id",), STRING, find)


FUNCTIONS: dict[str, dict[str, Function]] = {
    "aws": {
        "arn_parse": Function(("arn",), ["object", _ARN], _arn_parse),
        "arn_build": Function(("partition", "service", "region", "account_id", "resource"), STRING, _arn_build),
        "trim_iam_role_path": Function(("arn",), STRING, _trim_iam_role_path),
    },
    "azurerm": {
        "normalise_resource_id": Function(("id",), STRING, lambda value: value),
        "parse_resource_id": Function(("id",), ["object", _AZURE_ID], _parse_resource_id),
    },
    "google": {
        "project_from_id": _segment("projects"),
        "region_from_id": _segment("regions"),
        "zone_from_id": _segment("zones"),
        "location_from_id": _segment("locations"),
        "name_from_id": Function(("id",), STRING, lambda value: value.rsplit("/", 1)[-1]),
        "region_from_zone": Function(("zone",), STRING, lambda zone: zone.rsplit("-", 1)[0]),
    },
}

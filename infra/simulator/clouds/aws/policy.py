"""Renders aws_iam_policy_document: modules put its JSON into roles and keys, so it has to be the real thing."""

import json

from infra.simulator.values import ObjectValue, as_objects, text


def _one_or_many(values: object) -> object:
    items = sorted(values, reverse=True) if isinstance(values, list) else []
    return items[0] if len(items) == 1 else items


def _principals(blocks: object) -> object:
    merged: dict[str, list[str]] = {}
    for block in as_objects(blocks):
        identifiers = block.get("identifiers")
        merged.setdefault(text(block.get("type")), []).extend(identifiers if isinstance(identifiers, list) else [])
    if list(merged) == ["*"]:
        return "*"
    return {kind: _one_or_many(names) for kind, names in sorted(merged.items())}


def _conditions(blocks: object) -> dict[str, dict[str, object]]:
    merged: dict[str, dict[str, object]] = {}
    for block in as_objects(blocks):
        values = block.get("values")
        items = values if isinstance(values, list) else []
        merged.setdefault(text(block.get("test")), {})[text(block.get("variable"))] = items[0] if len(items) == 1 else items
    return merged


def _statement(block: ObjectValue) -> dict[str, object]:
    rendered: dict[str, object] = {}
    if text(block.get("sid")):
        rendered["Sid"] = block["sid"]
    rendered["Effect"] = text(block.get("effect")) or "Allow"
    for key, name in (
        ("actions", "Action"),
        ("not_actions", "NotAction"),
        ("resources", "Resource"),
        ("not_resources", "NotResource"),
    ):
        if block.get(key):
            rendered[name] = _one_or_many(block[key])
    for key, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        if block.get(key):
            rendered[name] = _principals(block[key])
    if block.get("condition"):
        rendered["Condition"] = _conditions(block["condition"])
    return rendered


def _load(documents: object) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    for document in documents if isinstance(documents, list) else []:
        statements = json.loads(document).get("Statement", []) if text(document) else []
        found += statements if isinstance(statements, list) else [statements]
    return found


def render(config: ObjectValue) -> str:
    """Give the document as JSON: source documents, own statements, overrides by Sid."""
    statements = _load(config.get("source_policy_documents"))
    statements += [_statement(block) for block in as_objects(config.get("statement"))]
    for override in _load(config.get("override_policy_documents")):
        statements = [item for item in statements if not override.get("Sid") or item.get("Sid") != override["Sid"]]
        statements.append(override)
    document: dict[str, object] = {"Version": text(config.get("version")) or "2012-10-17"}
    if text(config.get("policy_id")):
        document["Id"] = config["policy_id"]
    document["Statement"] = statements
    return json.dumps(document, indent=2)

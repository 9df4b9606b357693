"""The google provider: puts Google Cloud's tables behind the generic seams."""

import os

from infra.simulator.clouds.base import Cloud, Scope, Tables, Want
from infra.simulator.clouds.google.checks import check_create, check_delete, refuse_configuration
from infra.simulator.clouds.google.data import answer
from infra.simulator.clouds.google.makers import VALUES
from infra.simulator.clouds.google.names import id_of, leaf, link_of, relative
from infra.simulator.clouds.google.tables import (
    COMPUTED_BLOCKS,
    DEFAULTS,
    GENERIC,
    IDEMPOTENT,
    IMPORTS,
    KEEPS,
    RECOMPUTED,
    REPLACES,
)
from infra.simulator.store import Row, Store
from infra.simulator.values import UNKNOWN, ObjectValue, Value, is_unknown, text

PROJECT = "simulated-project"


class Google(Cloud):
    """Simulated Google Cloud: any project."""

    tables = Tables(
        defaults=DEFAULTS,
        computed_blocks=COMPUTED_BLOCKS,
        replaces=REPLACES,
        keeps=KEEPS,
        generic_replaces=GENERIC,
        recomputed=RECOMPUTED,
        values=VALUES,
        imports=IMPORTS,
    )

    def scope(self, config: ObjectValue) -> Scope:
        """Read project, region, zone and default labels."""
        project = text(config.get("project")) or os.environ.get("GOOGLE_PROJECT") or PROJECT
        region = text(config.get("region")) or os.environ.get("GOOGLE_REGION") or "us-central1"
        labels = config.get("default_labels")
        tags = {key: text(item) for key, item in labels.items()} if isinstance(labels, dict) else {}
        zone = text(config.get("zone")) or f"{region}-a"
        return Scope(project, region, zone, tags, config)

    def scope_of(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Names are unique in a project."""
        return text(values.get("project")) or scope.account

    def derive(self, type_: str, value: ObjectValue, config: ObjectValue, scope: Scope) -> None:
        """Project, region and labels are known when the provider plans."""
        for name, known in (("project", scope.account), ("region", scope.region), ("zone", scope.zone)):
            if name in value and is_unknown(value[name]):
                value[name] = known
        if text(value.get("project")).startswith("projects/"):
            value["project"] = leaf(value["project"])
        if "effective_labels" in value and "terraform_labels" in value:
            labels = _merged(scope.default_tags, value.get("labels", value.get("resource_labels")))
            value["terraform_labels"] = labels
            value["effective_labels"] = _attributed(labels)

    def check_config(self, type_: str, config: ObjectValue) -> None:
        """Refuse conflicting and impossible arguments."""
        refuse_configuration(type_, config)

    def check_create(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what Google refuses to make."""
        check_create(type_, values, id_of(type_, values, scope), scope, store)

    def check_delete(self, row: Row, prior: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what Google refuses to delete."""
        check_delete(row, prior, store)

    def adopt(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> Row | None:
        """Granting a role twice, or enabling a service twice, is one grant and one service."""
        if not IDEMPOTENT.search(type_):
            return None
        return store.get(type_, id_of(type_, values, scope))

    def deleted(self, row: Row, scope: Scope, store: Store) -> None:
        """Delete what lies under an object's name: a cluster's node pools, a router's NATs."""
        if row.type == "google_container_cluster":
            for child in store.find("type='google_container_node_pool' AND id LIKE ? || '/nodePools/%'", (row.id,)):
                store.delete(child.uid)
        if row.type == "google_compute_router":
            for child in store.find("type='google_compute_router_nat'", ()):
                if leaf(child.attributes.get("router")) == row.name:
                    store.delete(child.uid)

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Give an id in Google's form."""
        return id_of(type_, values, scope)

    def lookup(self, type_: str, id_: str, scope: Scope, store: Store) -> Row | None:
        """Import by resource name, self link, or the short forms."""
        found = super().lookup(type_, id_, scope, store) or store.get(type_, relative(id_))
        if found is not None:
            return found
        parts = id_.split("/")
        for row in store.find("type=? AND name=?", (type_, parts[-1])):
            if all(part in row.id.split("/") for part in parts):
                return row
        return None

    def guess(self, want: Want) -> Value:
        """Self links follow from ids; the rest is generic."""
        if want.path == "self_link":
            return link_of(want.type, text(want.root.get("id")))
        return super().guess(want)

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Answer data sources."""
        return answer(type_, config, scope, store)


def _merged(defaults: object, labels: Value) -> Value:
    if is_unknown(labels):
        return UNKNOWN
    merged = dict(defaults) if isinstance(defaults, dict) else {}
    if isinstance(labels, dict):
        merged.update(labels)
    return merged


def _attributed(labels: Value) -> Value:
    if not isinstance(labels, dict):
        return labels
    return {"goog-terraform-provisioned": "true", **labels}

"""Who may do what on a cluster with the platform on it: the table that roles are held against.

The matrix is every subject by every cell below; `MAY` names by patterns what is allowed, and all else must be refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

READ, WRITE = ("get", "list", "watch"), ("create", "update", "patch", "delete")
NAMESPACES = ("apps", "data", "hera-system", "hera-backup", "argocd", "monitoring", "kube-system")
NAMESPACED = (
    "pods", "pods/log", "pods/exec", "pods/eviction", "secrets", "configmaps", "services", "serviceaccounts", "resourcequotas",
    "deployments.apps", "deployments.apps/scale", "statefulsets.apps", "jobs.batch", "networkpolicies.networking.k8s.io",
    "leases.coordination.k8s.io", "rolebindings.rbac.authorization.k8s.io", "applications.argoproj.io", "backups.hera.dev",
    "redisclusters.hera.dev", "mongoclusters.hera.dev", "externalsecrets.secrets.hera.dev",
    "externalsecrets.secrets.hera.dev/status", "poddisruptionbudgets.policy",
)  # fmt: skip
CLUSTER_WIDE = (
    "nodes", "nodes/metrics", "nodes/proxy", "namespaces", "persistentvolumes", "clusterrolebindings.rbac.authorization.k8s.io",
    "clusterroles.rbac.authorization.k8s.io", "customresourcedefinitions.apiextensions.k8s.io",
    "validatingadmissionpolicies.admissionregistration.k8s.io", "priorityclasses.scheduling.k8s.io",
)  # fmt: skip
SPECIAL = (
    ("impersonate", "users"), ("impersonate", "groups"), ("impersonate", "serviceaccounts"),
    ("escalate", "clusterroles.rbac.authorization.k8s.io"), ("bind", "clusterroles.rbac.authorization.k8s.io"),
    ("create", "tokenreviews.authentication.k8s.io"), ("create", "subjectaccessreviews.authorization.k8s.io"),
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One question: may somebody do this?"""

    verb: str
    resource: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{f' in {self.namespace}' if self.namespace else ''}"

    def attributes(self) -> dict[str, str]:
        """Return the form in which the API server is asked."""
        full, _, sub = self.resource.partition("/")
        name, _, group = full.partition(".")
        return {"verb": self.verb, "resource": name, "group": group, "subresource": sub, "namespace": self.namespace}


def cells() -> Iterator[Cell]:
    """Yield the whole matrix for one subject."""
    for verb in (*READ, *WRITE):
        yield from (Cell(verb, resource, namespace) for resource in NAMESPACED for namespace in NAMESPACES)
        yield from (Cell(verb, resource) for resource in CLUSTER_WIDE)
    yield from (Cell(verb, resource) for verb, resource in SPECIAL)


LOOK, ALL = "get|list|watch", "get|list|watch|create|update|patch|delete"
VIEW = (
    "pods|configmaps|services|serviceaccounts|resourcequotas|deployments.apps|deployments.apps/scale|statefulsets.apps|jobs.batch|"
    "networkpolicies.networking.k8s.io|leases.coordination.k8s.io|rolebindings.rbac.authorization.k8s.io|applications.argoproj.io|"
    "*.hera.dev|*.hera.dev/status|poddisruptionbudgets.policy"
)
VIEW_WIDE = (
    "nodes|namespaces|persistentvolumes|clusterrolebindings.*|clusterroles.*|customresourcedefinitions.*|validating*|priority*"
)
ELECT = ("get|create|update", "leases.coordination.k8s.io")
SECRETS_WRITER = ("get|list|patch", "deployments.apps|statefulsets.apps")
ANY = "*"
NOWHERE = "-"
"""The namespace pattern of what is cluster-wide."""

# Verbs, resources, namespaces.
Row = tuple[str, str, str]
_LOOK_AT_KINDS: Row = (LOOK, "customresourcedefinitions.*|namespaces", NOWHERE)
_DATABASES: tuple[Row, ...] = (
    (ALL, "services|configmaps|secrets|statefulsets.apps|poddisruptionbudgets.policy", "data"),
    (LOOK + "|patch|delete", "pods", "data"),
)
_WORKLOADS = "deployments.apps|statefulsets.apps|jobs.batch|poddisruptionbudgets.policy"
_LIVE_OBJECTS = "*.apps|*.apps/scale|jobs.batch|networkpolicies.*|rolebindings.*|*.hera.dev|*.hera.dev/status|poddisruption*"
MAY: Mapping[str, tuple[Row, ...]] = {
    "group hera:platform-admins": (
        (ALL, ANY, "*"), (ALL, ANY, NOWHERE), ("create", "tokenreviews.*|subjectaccessreviews.*", NOWHERE)
    ),
    "group hera:operators": (
        (LOOK, VIEW, "*"), (LOOK, VIEW_WIDE, NOWHERE),
        ("get", "pods/log|deployments.apps/scale", "*"), ("delete", "pods", "*"), ("create", "pods/eviction", "*"),
        ("patch|update", "deployments.apps/scale", "*"), ("patch", "nodes", NOWHERE), ("create", "backups.hera.dev", "*"),
        ("patch", "redisclusters.hera.dev|mongoclusters.hera.dev|externalsecrets.secrets.hera.dev", "*"),
    ),
    "group hera:developers": (
        (LOOK, VIEW, "apps"), (LOOK, VIEW, "data"),
        (ALL, "pods|configmaps|services|deployments.apps|deployments.apps/scale|statefulsets.apps|jobs.batch", "apps"),
        (ALL, "poddisruptionbudgets.policy|redisclusters.hera.dev|mongoclusters.hera.dev", "apps"),
        (ALL, "externalsecrets.secrets.hera.dev", "apps"),
        ("get", "pods/log", "apps"), ("get|create", "pods/exec", "apps"),
    ),
    "group hera:viewers": ((LOOK, VIEW, "*"), (LOOK, VIEW_WIDE, NOWHERE)),
    "group hera:nobody": (),
    "hera-system/redis-operator": (
        _LOOK_AT_KINDS, (*ELECT, "hera-system"), (LOOK + "|patch", "redisclusters.hera.dev", "*"), *_DATABASES,
    ),
    "hera-system/mongo-operator": (
        _LOOK_AT_KINDS, (*ELECT, "hera-system"), (LOOK + "|patch", "mongoclusters.hera.dev", "*"), *_DATABASES,
    ),
    "hera-system/secrets-operator": (
        _LOOK_AT_KINDS, (*ELECT, "hera-system"),
        (LOOK + "|patch", "externalsecrets.secrets.hera.dev", "*"),
        ("patch|update", "externalsecrets.secrets.hera.dev/status", "*"),
        (ALL, "secrets", "apps"), (ALL, "secrets", "data"), (*SECRETS_WRITER, "apps"), (*SECRETS_WRITER, "data"),
    ),
    "hera-backup/backup": (
        ("get|list", ANY, "*"), ("get|list", ANY, NOWHERE), (*ELECT, "hera-backup"),
        ("watch|create|patch|update", "backups.hera.dev", "hera-backup"),
    ),
    "hera-backup/restore": ((*ELECT, "hera-backup"),),
    "monitoring/prometheus": ((LOOK, "pods|services", "*"), (LOOK, "nodes", NOWHERE), ("get", "nodes/metrics", NOWHERE)),
    "monitoring/kube-state-metrics": (
        ("list|watch", "pods|services|resourcequotas|" + _WORKLOADS, "*"),
        ("list|watch", "nodes|namespaces|persistentvolumes", NOWHERE),
    ),
    "monitoring/otel-collector": ((LOOK, "pods", "*"), (LOOK, "namespaces", NOWHERE)),
    "monitoring/alertmanager": (), "monitoring/grafana": (), "monitoring/tempo": (),
    "node-agents/fluent-bit": ((LOOK, "pods", "*"), (LOOK, "namespaces", NOWHERE)),
    "node-agents/node-exporter": (),
    "argocd/argocd-application-controller": (
        (ALL, ANY, "*"), (ALL, ANY, NOWHERE), ("escalate|bind", "clusterroles.*", NOWHERE),
        ("create", "tokenreviews.*|subjectaccessreviews.*", NOWHERE),
    ),
    "argocd/argocd-server": (
        ("get", "pods|pods/log|services|configmaps|serviceaccounts|resourcequotas", "*"), ("get", "nodes|namespaces", NOWHERE),
        ("get", _LIVE_OBJECTS, "*"),
        ("get", "clusterroles.*|clusterrolebindings.*", NOWHERE),
        (ALL, "applications.argoproj.io|configmaps|secrets", "argocd"),
    ),
    "argocd/argocd-applicationset-controller": (
        (ALL, "applications.argoproj.io", "argocd"), (LOOK, "configmaps|secrets", "argocd"), (*ELECT, "argocd"),
    ),
    "argocd/argocd-notifications-controller": (
        (LOOK + "|patch", "applications.argoproj.io", "argocd"), (LOOK, "configmaps|secrets", "argocd"),
    ),
    "argocd/argocd-dex-server": ((LOOK, "configmaps|secrets", "argocd"),),
    "argocd/argocd-repo-server": (), "argocd/argocd-redis": (),
    "kube-system/metrics-server": (
        (LOOK, "pods", "*"), (LOOK, "nodes", NOWHERE), ("get", "nodes/metrics", NOWHERE),
        ("create", "tokenreviews.*|subjectaccessreviews.*", NOWHERE),
    ),
    "kube-system/cluster-autoscaler": (
        (LOOK, "pods|services|statefulsets.apps|jobs.batch", "*"), ("create", "pods/eviction", "*"),
        ("list|watch", "poddisruptionbudgets.policy", "*"),
        (LOOK + "|update|patch", "nodes", NOWHERE), (LOOK, "namespaces|persistentvolumes", NOWHERE),
        ("create|list|watch", "configmaps", "kube-system"), ("create", "leases.coordination.k8s.io", "kube-system"),
    ),
}  # fmt: skip
RESTORING: tuple[Row, ...] = (
    ("get|list|watch|create|update|patch", ANY, "*"), ("get|list|watch|create|update|patch", ANY, NOWHERE),
    ("escalate|bind", "clusterroles.*", NOWHERE), ("create", "tokenreviews.*|subjectaccessreviews.*", NOWHERE),
)  # fmt: skip
"""What hera-backup/restore may do while components/restoring is applied."""


def allowed(rows: tuple[Row, ...]) -> set[Cell]:
    """Return the cells that rows allow."""
    return {cell for cell in cells() if any(_fits(row, cell) for row in rows)}


def _fits(row: Row, cell: Cell) -> bool:
    verbs, resources, namespaces = row
    place = namespaces == NOWHERE if not cell.namespace else fnmatchcase(cell.namespace, namespaces)
    return place and cell.verb in verbs.split("|") and any(fnmatchcase(cell.resource, item) for item in resources.split("|"))


def subject(name: str) -> dict[str, object]:
    """Return a subject in the form in which the API server is asked."""
    if name.startswith("group "):
        return {"user": "somebody", "groups": [name.removeprefix("group "), "system:authenticated"]}
    namespace, _, account = name.partition("/")
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    return {"user": f"system:serviceaccount:{namespace}:{account}", "groups": groups}

"""Who may talk to whom on a cluster with the platform on it: the table that the network policies are held against.

Every pod of ours by the labels that it carries, addresses outside, and the ports that anybody listens at. `ALLOWED` is written by
hand from what each part needs; all that it does not name must be refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count

from tests.support import overlays
from tests.support.traffic import End, Port

NAME = "app.kubernetes.io/name"
PODS: Mapping[str, tuple[str, ...]] = {
    "apps": ("plain", "caller", "controller", "redis-client", "mongo-client", "measured"),
    "argocd": (
        "argocd-application-controller", "argocd-server", "argocd-repo-server", "argocd-applicationset-controller",
        "argocd-notifications-controller", "argocd-dex-server", "argocd-redis", "argocd-redis-ha", "argocd-redis-ha-haproxy",
    ),
    "data": ("redis", "mongo"),
    "hera-backup": ("backup", "restore"),
    "hera-system": ("redis-operator", "mongo-operator", "secrets-operator"),
    "monitoring": ("prometheus", "alertmanager", "grafana", "kube-state-metrics", "otel-collector", "tempo"),
    "node-agents": ("fluent-bit", "node-exporter"),
    "kube-system": ("kube-dns", "cloud-proxy", "metrics-server", "cluster-autoscaler"),
    "gateway": ("ingress",),
    "stranger": ("stranger",),
}  # fmt: skip
LABELS = {
    "caller": {"hera.dev/egress-https": "true"},
    "controller": {"hera.dev/api-client": "true"},
    "redis-client": {"hera.dev/redis-client": "true"},
    "mongo-client": {"hera.dev/mongo-client": "true"},
    "measured": {"hera.dev/metrics": "true"},
    "kube-dns": {"k8s-app": "kube-dns"},
}
FOREIGN = {"gateway": {"hera.dev/ingress": "true", "hera.dev/ui-access": "true"}, "stranger": {}, "kube-system": {}}
"""Namespaces that are not ours; nothing of ours is enforced there, so only the other end decides."""
OUTSIDE = {
    "api-server": "10.60.0.2",  # private, as the API server of a private cluster and its nodes are
    "world": "203.0.113.9",
    "metadata": "169.254.169.254",
    "dns-cache": "169.254.20.10",
}
PORTS = tuple(
    Port(number)
    for number in (
        22, 53, 80, 443, 988, 1234, 2020, 3000, 3200, 4317, 4318, 5556, 5557, 6379, 6443, 8080, 8081, 8082, 8083, 8084, 8085,
        8443, 8888, 9090, 9093, 9094, 9100, 9121, 9153, 9216, 9443, 10250, 26379, 27017,
    )
) + (Port(53, "UDP"), Port(9094, "UDP"))  # fmt: skip
DNS, HTTPS, API, HOOK = "53 53/UDP", "443", "443 6443", "9443"
OPERATORS = "redis-operator mongo-operator secrets-operator"
ARGO = "argocd-application-controller argocd-server argocd-applicationset-controller argocd-notifications-controller"
APPS = " ".join(PODS["apps"])
EVERY = " ".join(str(port) for port in PORTS)
OURS = " ".join(name for namespace, names in PODS.items() if namespace not in FOREIGN for name in names)

# From, to, ports. Pods' addresses are private, so who may go to private addresses may knock at pods too; the pod then decides.
ALLOWED: tuple[tuple[str, str, str], ...] = (
    (OURS + " metrics-server cluster-autoscaler", "kube-dns dns-cache", DNS),
    # to the API server and beyond
    (OPERATORS + " backup restore " + ARGO + " argocd-dex-server", "api-server", API),
    ("prometheus kube-state-metrics otel-collector fluent-bit controller metrics-server cluster-autoscaler", "api-server", API),
    ("prometheus metrics-server", "api-server", "10250"),
    ("cluster-autoscaler", "world", API),
    ("secrets-operator backup restore alertmanager tempo fluent-bit caller", "world api-server", HTTPS),
    ("argocd-repo-server argocd-dex-server", "world api-server", "22 443"),
    ("argocd-notifications-controller argocd-server argocd-applicationset-controller", "world api-server", "22 443"),
    # from the API server, directly or by way of a proxy pod of the cloud's
    ("api-server cloud-proxy kube-dns", OPERATORS, HOOK),
    ("api-server cloud-proxy kube-dns stranger ingress prometheus metrics-server", "metrics-server", "10250"),
    ("stranger ingress", OPERATORS, HOOK),
    # databases
    ("redis redis-operator redis-client", "redis", "6379 26379"),
    ("mongo mongo-operator mongo-client", "mongo", "27017"),
    ("backup restore", "redis", "6379"),
    ("backup restore", "mongo", "27017"),
    # Argo CD
    (ARGO, "argocd-repo-server", "8081"),
    ("argocd-application-controller argocd-server argocd-repo-server", "argocd-redis argocd-redis-ha-haproxy", "6379"),
    ("argocd-redis-ha argocd-redis-ha-haproxy", "argocd-redis-ha", "6379 26379"),
    ("argocd-server", "argocd-dex-server", "5556 5557"),
    ("ingress", "argocd-server", "8080"),
    ("prometheus", "argocd-application-controller", "8082"),
    ("prometheus", "argocd-server", "8083"),
    ("prometheus", "argocd-repo-server", "8084"),
    # watching
    ("prometheus", OPERATORS + " backup restore measured kube-state-metrics", "8080"),
    ("prometheus", "redis mongo", "9121 9216"),
    ("prometheus", "fluent-bit node-exporter", "2020 9100"),
    ("prometheus", "cluster-autoscaler", "8085"),
    ("prometheus", "kube-dns", "9153"),
    ("prometheus", "alertmanager grafana kube-state-metrics otel-collector tempo", "3000 3200 8080 8888 9093"),
    ("grafana alertmanager", "alertmanager", "9093"),
    ("alertmanager", "alertmanager", "9094 9094/UDP"),
    ("grafana", "prometheus", "9090"),
    ("grafana", "tempo", "3200"),
    (OPERATORS + " backup restore " + APPS, "otel-collector", "4317 4318"),
    ("otel-collector", "tempo", "4317"),
    ("ingress", "grafana", "3000"),
    # applications
    (APPS, APPS, EVERY),
    ("ingress", APPS, "8080 8443"),
)


def ends() -> dict[str, End]:
    """Return every end by name."""
    namespaces = {
        obj["metadata"]["name"]: obj["metadata"]["labels"] for obj in overlays.built("dev") if obj["kind"] == "Namespace"
    } | FOREIGN
    numbers = count(1)
    pods = {
        name: End(
            name,
            f"10.244.0.{next(numbers)}",
            namespace,
            {NAME: name} | LABELS.get(name, {}),
            {"kubernetes.io/metadata.name": namespace} | dict(namespaces[namespace]),
        )
        for namespace, names in PODS.items()
        for name in names
    }
    return pods | {name: End(name, address) for name, address in OUTSIDE.items()}


def questions() -> Iterator[tuple[End, End, Port]]:
    """Yield everything that is asked: all pairs with a pod of ours at one end at least, at all ports."""
    ours = {*OURS.split(), "metrics-server", "cluster-autoscaler"}
    for source in ends().values():
        for target in ends().values():
            if ours & {source.name, target.name}:
                yield from ((source, target, port) for port in PORTS)


def allowed() -> set[tuple[str, str, str]]:
    """Return what must pass; the rest must not.

    Who may go to the API server's port may knock at that port of pods that nothing of ours guards: no policy tells them apart.
    """
    unguarded = [
        name for namespace in FOREIGN for name in PODS[namespace] if name not in ("metrics-server", "cluster-autoscaler")
    ]
    return {
        (source, end, port)
        for sources, targets, ports in ALLOWED
        for source in sources.split()
        for target in targets.split()
        for end in ([target, *unguarded] if target == "api-server" else [target])
        for port in ports.split()
    }

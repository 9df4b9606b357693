"""The kubernetes, helm and http providers: objects named as in a cluster, nothing of a cluster behind them."""

from infra.simulator.clouds.base import Cloud, Maker, Scope, Tables, Want, uuid
from infra.simulator.store import Store
from infra.simulator.values import ObjectValue, as_objects, text

_METADATA: dict[str, Maker] = {
    "metadata.generation": lambda want: 1,
    "metadata.resource_version": lambda want: "1",
    "metadata.uid": lambda want: uuid(),
    "metadata.name": lambda want: text(want.parent.get("generate_name")) + uuid()[:5],
}


def make(provider: str) -> "Kubernetes":
    """Make the provider's special knowledge."""
    return Kubernetes(provider)


def _release(want: Want) -> ObjectValue:
    root = want.root
    chart, version = text(root.get("chart")), text(root.get("version")) or "1.0.0"
    namespace = text(root.get("namespace")) or "default"
    return {
        "app_version": version,
        "chart": chart.rsplit("/", 1)[-1],
        "first_deployed": 0,
        "last_deployed": 0,
        "name": root.get("name"),
        "namespace": namespace,
        "notes": "simulated",
        "revision": 1,
        "values": "{}",
        "version": version,
    }


class Kubernetes(Cloud):
    """Objects in a simulated cluster."""

    tables = Tables(
        defaults={
            "helm_release": {
                "namespace": "default",
                "timeout": 300,
                "wait": True,
                "max_history": 0,
                "verify": False,
                **dict.fromkeys(
                    (
                        "atomic",
                        "cleanup_on_fail",
                        "create_namespace",
                        "dependency_update",
                        "disable_crd_hooks",
                        "disable_openapi_validation",
                        "disable_webhooks",
                        "force_update",
                        "lint",
                        "pass_credentials",
                        "recreate_pods",
                        "replace",
                        "reset_values",
                        "reuse_values",
                        "skip_crds",
                        "wait_for_jobs",
                    ),
                    False,
                ),
                "render_subchart_notes": True,
            }
        },
        replaces={"helm_release": ("name", "namespace")},
        values={
            "*": {**_METADATA, "status": lambda want: "deployed"},
            "helm_release": {"metadata": _release, "version": lambda want: "1.0.0"},
            "kubernetes_manifest": {"object": lambda want: want.root.get("manifest")},
        },
        generic_replaces=__import__("re").compile(r"^(metadata\.(name|namespace|generate_name)|type)$"),
    )

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Name an object namespace/name."""
        for block in as_objects(values.get("metadata")):
            namespace, name = text(block.get("namespace")), text(block.get("name"))
            if name:
                return f"{namespace}/{name}" if namespace else name
        return text(values.get("name")) or uuid()

    def display_name(self, values: ObjectValue) -> str:
        """Name an object by its metadata."""
        for block in as_objects(values.get("metadata")):
            return text(block.get("name"))
        return super().display_name(values)

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Answer an HTTP request without making it."""
        if type_ == "http":
            return {"id": config.get("url"), "status_code": 200, "response_body": "", "body": "", "response_headers": {}}
        return None

"""One thin client: paths in, plain dicts out, errors of the tree. Only kubeconfig and TLS come from the kubernetes package.

Generated models cost most of a second to import and six times the work to decode; everything here is JSON as it came.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from infra.errors import AuthDenied, DependencyMissing, NotFound, Throttled, UsageError
from infra.kube.errors import Gone, Unavailable, refused, unreachable

Object = dict[str, Any]

PAGE = 500
SECONDS = 30
"""How long an answer may take."""
WATCH_SECONDS = 45
"""How long the server keeps one watch; a connection silent for longer than that is dead."""
PATIENCE = 600.0
"""How long a watch tries to get its server back."""
_AGAIN = 5
"""How often a server that asks for fewer calls, or has just begun, is asked again."""
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_PATCHES = {
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Api:
    """A connection to one API server, safe to use from several threads."""

    def __init__(self, client: Any) -> None:
        self.client = client
        """The kubernetes package's ApiClient, for `infra.kube.tunnel`."""
        self.server = str(client.configuration.host).rstrip("/")
        self._kinds: dict[str, dict[str, tuple[str, bool]]] = {}

    @classmethod
    def connect(cls, kubeconfig: Path | None = None, context: str | None = None) -> Api:
        """Connect as a kubeconfig's context says; the usual places and the current context by default."""
        with _needed():
            from kubernetes import config
        try:
            path = str(kubeconfig) if kubeconfig else None
            made = config.new_client_from_config(path, context=context or None, persist_config=False)  # type: ignore[no-untyped-call]
            return cls(made)
        except (config.ConfigException, OSError) as error:
            where = f"the kubeconfig {kubeconfig}" if kubeconfig else "a kubeconfig"
            raise UsageError(f"{where} cannot be used: {error}", next_step="kubectl config get-contexts") from error

    @classmethod
    def in_cluster(cls) -> Api:
        """Connect as the pod that this runs in."""
        with _needed():
            from kubernetes import client, config
        configuration = client.Configuration()
        try:
            config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
        except config.ConfigException as error:
            raise UsageError(f"this is no pod with a service account: {error}") from error
        return cls(client.ApiClient(configuration))

    def get(self, path: str, **query: Any) -> Object:
        """Return the object or list at a path."""
        return self._json("GET", path, query=query)

    def items(self, path: str, **query: Any) -> Iterator[Object]:
        """Yield a list's items, page by page."""
        token = ""
        while True:
            page = self.get(path, **({"limit": PAGE} | query | ({"continue": token} if token else {})))
            yield from page.get("items") or ()
            token = page.get("metadata", {}).get("continue") or ""
            if not token:
                return

    def metadata(self, path: str, **query: Any) -> list[Object]:
        """Return a list's items with nothing but their metadata, in one answer."""
        found = self._json("GET", path, query=query, accept=_METADATA).get("items") or []
        return list(found)

    def create(self, path: str, body: Mapping[str, Any]) -> Object:
        """Create an object in the collection at a path."""
        return self._json("POST", path, body=body)

    def patch(self, path: str, body: Any, *, kind: str = "merge", **query: Any) -> Object:
        """Change an object: `merge`, `json` (a list of operations) or `apply`."""
        return self._json("PATCH", path, body=body, query=query, media=_PATCHES[kind])

    def delete(self, path: str, *, propagation: str = "Background", grace: int | None = None) -> None:
        """Delete an object, a pod after `grace` seconds if that is given; nothing happens when there is none."""
        query = {"propagationPolicy": propagation} | ({} if grace is None else {"gracePeriodSeconds": str(grace)})
        try:
            self._json("DELETE", path, query=query)
        except NotFound:
            return

    def apply(self, obj: Mapping[str, Any], *, manager: str = "hera", force: bool = True, dry_run: bool = False) -> Object:
        """Make an object be as given (server-side apply), and return what it is then."""
        query = {"fieldManager": manager, "force": str(force).lower()} | ({"dryRun": "All"} if dry_run else {})
        return self.patch(self.path_of(obj), obj, kind="apply", **query)

    def path_of(self, obj: Mapping[str, Any]) -> str:
        """Return an object's path, as the server's discovery names its kind."""
        metadata = obj["metadata"]
        collection = self.collection_of(str(obj["apiVersion"]), str(obj["kind"]), metadata.get("namespace") or "default")
        return f"{collection}/{metadata['name']}"

    def collection_of(self, version: str, kind: str, namespace: str = "") -> str:
        """Return the path of a kind's objects: those of a namespace where the kind has namespaces, or else of all."""
        plural, namespaced = self._kind(version, kind)
        scope = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{_root(version)}{scope}/{plural}"

    def is_namespaced(self, version: str, kind: str) -> bool:
        """Tell whether objects of a kind live in namespaces."""
        return self._kind(version, kind)[1]

    def watch(self, path: str, *, lost: Callable[[str], None] | None = None, **query: Any) -> Iterator[tuple[str, Object]]:
        """Yield (type, object) for ever; begins with what there is, and goes on after a lost connection.

        Args:
            path: The collection.
            lost: Hears that the connection is lost, once each time.
            **query: Selectors, or `resourceVersion` to begin later.

        Raises:
            Unavailable: The server stayed away for longer than `PATIENCE`.
        """
        version, since, pause = str(query.pop("resourceVersion", "")), 0.0, 0.5
        while True:
            try:
                for kind, item in self._watch_once(path, query | ({"resourceVersion": version} if version else {})):
                    version, since, pause = item["metadata"]["resourceVersion"], 0.0, 0.5
                    if kind != "BOOKMARK":
                        yield kind, item
                since = 0.0
            except Gone:
                version = ""
            except (Unavailable, Throttled, AuthDenied) as error:
                if isinstance(error, AuthDenied) and not since:
                    raise  # a server that has just begun may not know yet who may what
                now = time.monotonic()
                if not since and lost:
                    lost(error.message)
                since = since or now
                if now - since > PATIENCE:
                    raise
                time.sleep(pause)
                pause = min(pause * 2, 5.0)

    def _watch_once(self, path: str, query: Mapping[str, Any]) -> Iterator[tuple[str, Object]]:
        asked = dict(query) | {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": WATCH_SECONDS}
        for line in self._lines(path, asked, WATCH_SECONDS + 15):
            event = json.loads(line)
            if event["type"] == "ERROR":
                status = event["object"]
                raise refused(int(status.get("code") or 500), json.dumps(status).encode(), f"watching {path}")
            yield event["type"], event["object"]

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        since: str = "",
        tail: int | None = None,
        timestamps: bool = False,
    ) -> Iterator[str]:
        """Yield a container's lines; `since` is a moment (RFC 3339). Following ends with the container."""
        query: dict[str, Any] = {"container": container, "follow": str(follow).lower(), "timestamps": str(timestamps).lower()}
        query |= ({"sinceTime": since} if since else {}) | ({"tailLines": tail} if tail is not None else {})
        for line in self._lines(f"/api/v1/namespaces/{namespace}/pods/{pod}/log", query, 3600 if follow else SECONDS):
            yield line.decode(errors="replace")

    def whoami(self) -> str:
        """Return the name under which the API server knows this connection."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        answer = self.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        return str(answer["status"]["userInfo"].get("username", ""))

    def _kind(self, version: str, kind: str) -> tuple[str, bool]:
        if kind not in self._kinds.get(version, {}):
            found = self.get(_root(version)).get("resources") or ()
            self._kinds[version] = {item["kind"]: (item["name"], item["namespaced"]) for item in found if "/" not in item["name"]}
        if kind not in self._kinds[version]:
            raise NotFound(f"the cluster knows no kind {kind} in {version}")
        return self._kinds[version][kind]

    def _json(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        media: str = "",
        accept: str = "",
    ) -> Object:
        response = self._send(method, path, body=body, query=query or {}, media=media, accept=accept)
        for _ in range(_AGAIN):
            if response.status != 429:
                break
            time.sleep(min(float(response.headers.get("retry-after") or 1), 5.0))
            response = self._send(method, path, body=body, query=query or {}, media=media, accept=accept)
        data: bytes = response.data
        if response.status >= 400:
            raise refused(response.status, data, f"{method} {path}")
        answer: Object = json.loads(data)
        return answer

    def _lines(self, path: str, query: Mapping[str, Any], seconds: float) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError

        response = self._send("GET", path, query=query, stream=True, seconds=seconds)
        try:
            if response.status >= 400:
                raise refused(response.status, response.read(), f"GET {path}")
            rest = b""
            for chunk in response.stream(65536, decode_content=False):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line for line in whole if line)
            if rest:
                yield rest
        except (HTTPError, OSError) as error:
            raise unreachable(self.server, error) from error
        finally:
            response.close()

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any],
        body: Any = None,
        media: str = "",
        accept: str = "",
        stream: bool = False,
        seconds: float = SECONDS,
    ) -> Any:
        from urllib3 import Timeout
        from urllib3.exceptions import HTTPError

        headers = {"accept": accept or "application/json"} | {
            str(item["key"]): str(item["value"]) for item in self.client.configuration.auth_settings().values() if item["value"]
        }
        if body is not None:
            headers["content-type"] = media or "application/json"
        try:
            return self.client.rest_client.pool_manager.request(
                method,
                f"{self.server}{path}" + (f"?{urlencode(query)}" if query else ""),
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                preload_content=not stream,
                timeout=Timeout(connect=10, read=seconds),
                retries=False,
            )
        except (HTTPError, OSError) as error:
            raise unreachable(self.server, error) from error


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


@contextmanager
def _needed() -> Iterator[None]:
    """Say what to install when the kubernetes package is not there."""
    try:
        yield
    except ImportError as error:
        hint = "pip install 'hera-platform[kubernetes]'"
        raise DependencyMissing("the kubernetes package is not installed", next_step=hint) from error

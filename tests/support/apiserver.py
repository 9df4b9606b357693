"""A real API server for tests of operators: etcd and kube-apiserver as two processes on the loopback address, no node.

Nothing runs in it: no controller collects garbage, no pod starts. What an operator reads and writes is what a cluster has.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from infra.host import parts
from infra.kube.api import Api
from tests.support import certificates
from tests.support.control_plane import apiserver, etcd
from tests.support.ports import free_ports

SECONDS = 60.0
ADMIN = "admin"


@dataclass
class ApiServer:
    """A running server, and how to reach it."""

    folder: Path
    port: int
    tokens: dict[str, str]
    _argv: Sequence[str]
    _process: subprocess.Popen[bytes]

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig of an administrator."""
        return self.folder / "kubeconfig"

    def connect(self) -> Api:
        return Api.connect(self.kubeconfig)

    def user(self, name: str, port: int = 0) -> Path:
        """Write the kubeconfig of one of the users; another port reaches the server through a proxy."""
        path = self.folder / f"kubeconfig-{name}-{port}"
        write_kubeconfig(path, port or self.port, self.folder / "ca.crt", self.tokens[name])
        return path

    def restart(self, seconds_down: float = 0.0) -> None:
        """Kill the server and start it again on the same port, with the same data."""
        self._process.kill()
        self._process.wait()
        time.sleep(seconds_down)
        self._process = _launch(self._argv, self.folder / "apiserver.log")
        _wait(self)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@contextmanager
def running(folder: Path, users: Sequence[str] = ()) -> Iterator[ApiServer]:
    """Start etcd and a kube-apiserver, and end both; `users` are known by a token and have no rights."""
    binaries = parts.ensure("etcd", "kubernetes", progress=print)
    certificates.make(folder)
    private, public = certificates.signing_pair(folder)
    client, peer, port = free_ports(3)
    tokens = {name: secrets.token_hex(16) for name in (ADMIN, *users)}
    (folder / "tokens.csv").write_text(
        "".join(f'{token},{name},{name},"{"system:masters" if name == ADMIN else name}"\n' for name, token in tokens.items())
    )
    argv = apiserver(
        binaries,
        client,
        port,
        "--service-cluster-ip-range=10.0.0.0/24",
        f"--tls-cert-file={folder / 'server.crt'}",
        f"--tls-private-key-file={folder / 'server.key'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        f"--service-account-key-file={public}",
        f"--service-account-signing-key-file={private}",
        "--service-account-issuer=https://tests.invalid",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
    )
    with ExitStack() as stack:
        storage = _launch(etcd(binaries, folder, client, peer), folder / "etcd.log")
        stack.callback(lambda: (storage.kill(), storage.wait()))
        process = _launch(argv, folder / "apiserver.log")
        server = ApiServer(folder, port, tokens, argv, process)
        stack.callback(server.stop)
        write_kubeconfig(server.kubeconfig, port, folder / "ca.crt", tokens[ADMIN])
        _wait(server)
        yield server


def write_kubeconfig(path: Path, port: int, authority: Path, token: str) -> None:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(authority)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": cluster}],
        "users": [{"name": "test", "user": {"token": token}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "current-context": "test",
    }
    path.write_text(json.dumps(content))


def _launch(argv: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=log.parent)


def _wait(server: ApiServer) -> None:
    import ssl

    context = ssl.create_default_context(cafile=str(server.folder / "ca.crt"))
    request = urllib.request.Request(f"https://127.0.0.1:{server.port}/readyz")
    request.add_header("authorization", f"Bearer {server.tokens[ADMIN]}")
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        if server._process.poll() is not None:
            break
        with suppress(OSError), urllib.request.urlopen(request, context=context, timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.1)
    last = (server.folder / "apiserver.log").read_text(errors="replace").splitlines()[-5:]
    raise RuntimeError("the API server did not start:\n" + "\n".join(last))

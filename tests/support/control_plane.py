"""etcd and an API server as processes on the loopback address: the part of their command lines that every test shares."""

from __future__ import annotations

from pathlib import Path


def etcd(binaries: Path, folder: Path, client: int, peer: int) -> list[str]:
    """Return the command line of a store in a folder, quick rather than safe."""
    url, other = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        str(binaries / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={other}",
        f"--initial-advertise-peer-urls={other}",
        f"--initial-cluster=default={other}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def apiserver(binaries: Path, client: int, port: int, *more: str) -> list[str]:
    """Return the command line of an API server over that store; `more` says who it is and whom it knows."""
    return [
        str(binaries / "kubernetes"),
        "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{client}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={port}",
        "--profiling=false",
        *more,
    ]

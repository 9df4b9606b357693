"""The certificates of a host cluster: one authority, and a certificate for each part that others must recognise."""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.host.host import Host

DAYS = 3650


@dataclass(frozen=True)
class Identity:
    """What one certificate says: who its bearer is, the groups, and the names and addresses that it serves."""

    common_name: str
    organization: str = ""
    names: Sequence[str] = ()
    addresses: Sequence[str] = ()
    authority: str = "ca"


def identities(host: Host) -> dict[str, Identity]:
    """Return every certificate of a cluster, by file name."""
    service = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
    return {
        "apiserver": Identity(
            "kube-apiserver", names=(*service, "localhost"), addresses=(host.node_ip, host.service_ip, "127.0.0.1")
        ),
        "apiserver-kubelet": Identity("kube-apiserver-kubelet-client", "system:masters"),
        "front-proxy": Identity("front-proxy-client", authority="front-proxy-ca"),
        "admin": Identity("hera-admin", "system:masters"),
        "controller-manager": Identity("system:kube-controller-manager"),
        "scheduler": Identity("system:kube-scheduler"),
        "proxy": Identity("system:kube-proxy"),
        "coredns": Identity("system:coredns"),
        "kubelet": Identity(f"system:node:{host.node}", "system:nodes", names=(host.node,), addresses=(host.node_ip,)),
    }


def make(host: Host) -> None:
    """Make what is missing: authorities, certificates, the key that signs account tokens, and the kubeconfigs."""
    host.pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    for authority in ("ca", "front-proxy-ca"):
        if not (host.pki / f"{authority}.crt").exists():
            key = _key(host.pki / f"{authority}.key")
            _sign(host.pki / f"{authority}.crt", Identity(f"hera-{host.name}-{authority}"), key, None, key)
    for name, identity in identities(host).items():
        if not (host.pki / f"{name}.crt").exists():
            issuer = x509.load_pem_x509_certificate((host.pki / f"{identity.authority}.crt").read_bytes())
            _sign(host.pki / f"{name}.crt", identity, _key(host.pki / f"{name}.key"), issuer, _load(host.pki, identity.authority))
    if not (host.pki / "accounts.pub").exists():
        public = _key(host.pki / "accounts.key").public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        _write(host.pki / "accounts.pub", pem)
    for name in ("controller-manager", "scheduler", "proxy", "coredns", "kubelet"):
        _write(host.pki / f"{name}.kubeconfig", kubeconfig(host, name))
    _write(host.kubeconfig, kubeconfig(host, "admin"))


def kubeconfig(host: Host, name: str) -> bytes:
    """Give a kubeconfig that holds everything it needs, as JSON, which is YAML too."""

    def data(file: str) -> str:
        return base64.b64encode((host.pki / file).read_bytes()).decode()

    user = {"client-certificate-data": data(f"{name}.crt"), "client-key-data": data(f"{name}.key")}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": host.context, "cluster": {"server": host.server, "certificate-authority-data": data("ca.crt")}}
            ],
            "users": [{"name": host.context, "user": user}],
            "contexts": [{"name": host.context, "context": {"cluster": host.context, "user": host.context}}],
            "current-context": host.context,
        },
        indent=1,
    ).encode()


def _key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    _write(path, pem)
    return key


def _load(folder: Path, name: str) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(f".{path.name}")
    aside.touch(mode=0o600)
    aside.write_bytes(content)
    aside.rename(path)


def _sign(
    path: Path,
    identity: Identity,
    key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None,
    issuer_key: ec.EllipticCurvePrivateKey,
) -> None:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, identity.common_name)]
    if identity.organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.organization))
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(attributes))
        .issuer_name(issuer.subject if issuer else x509.Name(attributes))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=DAYS))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    alternatives = [
        *(x509.DNSName(name) for name in identity.names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in identity.addresses),
    ]
    if alternatives:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    certificate = builder.sign(issuer_key, hashes.SHA256())
    _write(path, certificate.public_bytes(serialization.Encoding.PEM))

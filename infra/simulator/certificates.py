"""Certificates and keys: the plugin's own for TLS with terraform, and those the simulated cloud hands out."""

import base64
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def self_signed(common_name: str, days: int = 3650, authority: bool = False) -> tuple[bytes, x509.Certificate]:
    """Make a P-256 key and a certificate signed with it; gives the key as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(common_name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return pem, certificate


def plugin_certificate() -> tuple[bytes, bytes, str]:
    """Give key and certificate for the plugin socket, and the certificate as the handshake line wants it."""
    key, certificate = self_signed("localhost", authority=True)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return key, certificate.public_bytes(serialization.Encoding.PEM), base64.b64encode(der).decode().rstrip("=")


@cache
def authority_pem() -> str:
    """Give a certificate authority in PEM, one a process."""
    _, certificate = self_signed("kubernetes", authority=True)
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def authority_base64() -> str:
    """Give a certificate authority as clouds do: base64 of the PEM."""
    return base64.b64encode(authority_pem().encode()).decode()

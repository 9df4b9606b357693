"""The tls provider: real keys and certificates, since what reads them parses them."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from infra.simulator.certificates import self_signed
from infra.simulator.clouds.base import Cloud, Scope, Tables, Want
from infra.simulator.store import Store
from infra.simulator.values import ObjectValue, Value, as_objects, text

CURVES: dict[str, Any] = {"P224": ec.SECP224R1, "P256": ec.SECP256R1, "P384": ec.SECP384R1, "P521": ec.SECP521R1}
PEM = serialization.Encoding.PEM
SUBJECT = {
    "common_name": NameOID.COMMON_NAME,
    "organization": NameOID.ORGANIZATION_NAME,
    "organizational_unit": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "country": NameOID.COUNTRY_NAME,
    "province": NameOID.STATE_OR_PROVINCE_NAME,
    "locality": NameOID.LOCALITY_NAME,
}


def make(provider: str) -> "Tls":
    """Make the provider's special knowledge."""
    return Tls(provider)


def new_key(values: ObjectValue) -> Any:
    """Make a private key of the asked kind."""
    algorithm = text(values.get("algorithm"))
    if algorithm == "ED25519":
        return ed25519.Ed25519PrivateKey.generate()
    if algorithm == "ECDSA":
        return ec.generate_private_key(CURVES[text(values.get("ecdsa_curve")) or "P224"]())
    bits = values.get("rsa_bits")
    return rsa.generate_private_key(public_exponent=65537, key_size=bits if isinstance(bits, int) else 2048)


def private_forms(key: Any) -> ObjectValue:
    """Give a private key in every form the provider offers."""
    plain = serialization.NoEncryption()
    formats = serialization.PrivateFormat
    usual = formats.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else formats.TraditionalOpenSSL
    is_224 = isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp224r1"
    return {
        "private_key_pem": key.private_bytes(PEM, usual, plain).decode(),
        "private_key_pem_pkcs8": key.private_bytes(PEM, formats.PKCS8, plain).decode(),
        "private_key_openssh": "" if is_224 else key.private_bytes(PEM, formats.OpenSSH, plain).decode(),
        **public_forms(key.public_key(), is_224),
    }


def public_forms(public: Any, no_ssh: bool = False) -> ObjectValue:
    """Give a public key in every form the provider offers."""
    pem = public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    if no_ssh:
        return dict.fromkeys(("public_key_openssh", "public_key_fingerprint_md5", "public_key_fingerprint_sha256"), "") | {
            "public_key_pem": pem
        }
    import base64

    line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    blob = base64.b64decode(line.split()[1])
    md5 = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return {
        "public_key_pem": pem,
        "public_key_openssh": line + "\n",
        "public_key_fingerprint_md5": ":".join(md5[i : i + 2] for i in range(0, 32, 2)),
        "public_key_fingerprint_sha256": "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("="),
    }


def load_key(pem: str) -> Any:
    """Read a private key."""
    return serialization.load_pem_private_key(pem.encode(), None)


def algorithm_of(key: Any) -> str:
    """Name a key's algorithm as the provider does."""
    return "RSA" if isinstance(key, rsa.RSAPrivateKey) else "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def subject_of(values: ObjectValue) -> x509.Name:
    """Give the subject a configuration asks for."""
    found = [
        x509.NameAttribute(oid, text(block[name]))
        for block in as_objects(values.get("subject"))
        for name, oid in SUBJECT.items()
        if text(block.get(name))
    ]
    return x509.Name(found)


def _names(values: ObjectValue) -> x509.SubjectAlternativeName | None:
    import ipaddress

    given = values.get("dns_names"), values.get("ip_addresses"), values.get("uris")
    dns, addresses, uris = (item if isinstance(item, list) else [] for item in given)
    names: list[x509.GeneralName] = [x509.DNSName(item) for item in dns]
    names += [x509.IPAddress(ipaddress.ip_address(item)) for item in addresses]
    names += [x509.UniformResourceIdentifier(item) for item in uris]
    return x509.SubjectAlternativeName(names) if names else None


def _signed(values: ObjectValue, subject: x509.Name, public: Any, issuer: x509.Name, key: Any, names: Any) -> ObjectValue:
    start = datetime.now(UTC).replace(microsecond=0)
    hours = values.get("validity_period_hours")
    end = start + timedelta(hours=hours if isinstance(hours, int) else 1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start).not_valid_after(end)
    authority = values.get("is_ca_certificate") is True
    builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    certificate = builder.sign(key, algorithm)
    return {
        "cert_pem": certificate.public_bytes(PEM).decode(),
        "key_algorithm": algorithm_of(key),
        "ca_key_algorithm": algorithm_of(key),
        "validity_start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "validity_end_time": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ready_for_renewal": False,
        "id": str(certificate.serial_number),
    }


def self_signed_certificate(values: ObjectValue) -> ObjectValue:
    """Sign a certificate with its own key."""
    key = load_key(text(values["private_key_pem"]))
    subject = subject_of(values)
    return _signed(values, subject, key.public_key(), subject, key, _names(values))


def locally_signed_certificate(values: ObjectValue) -> ObjectValue:
    """Sign a request with an authority's key."""
    request = x509.load_pem_x509_csr(text(values["cert_request_pem"]).encode())
    issuer = x509.load_pem_x509_certificate(text(values["ca_cert_pem"]).encode())
    key = load_key(text(values["ca_private_key_pem"]))
    names = [item.value for item in request.extensions if isinstance(item.value, x509.SubjectAlternativeName)]
    return _signed(values, request.subject, request.public_key(), issuer.subject, key, names[0] if names else None)


def certificate_request(values: ObjectValue) -> ObjectValue:
    """Make a signing request."""
    key = load_key(text(values["private_key_pem"]))
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject_of(values))
    names = _names(values)
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    pem = builder.sign(key, algorithm).public_bytes(PEM).decode()
    digest = hashlib.sha1(pem.encode(), usedforsecurity=False).hexdigest()
    return {"cert_request_pem": pem, "key_algorithm": algorithm_of(key), "id": digest}


def private_key(values: ObjectValue) -> ObjectValue:
    """Make a key."""
    forms = private_forms(new_key(values))
    return {**forms, "id": hashlib.sha1(text(forms["public_key_pem"]).encode(), usedforsecurity=False).hexdigest()}


MAKERS = {
    "tls_private_key": private_key,
    "tls_self_signed_cert": self_signed_certificate,
    "tls_locally_signed_cert": locally_signed_certificate,
    "tls_cert_request": certificate_request,
}
_CERTIFICATE: dict[str, object] = {"early_renewal_hours": 0, "is_ca_certificate": False, "set_subject_key_id": False}


class Tls(Cloud):
    """Keys and certificates; any change makes new ones."""

    tables = Tables(
        defaults={
            "tls_private_key": {"ecdsa_curve": "P224", "rsa_bits": 2048},
            "tls_self_signed_cert": {**_CERTIFICATE, "set_authority_key_id": False},
            "tls_locally_signed_cert": _CERTIFICATE,
        },
        replaces=dict.fromkeys(MAKERS, ("*",)),
        keeps=dict.fromkeys(MAKERS, ("early_renewal_hours",)),
    )

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Make the whole thing at once: its id is a digest of it."""
        made = MAKERS[type_](values)
        for name, value in made.items():
            if name in values:
                values[name] = value
        return text(made["id"])

    def fill(self, want: Want) -> Value:
        """Nothing is left to make up but what a data source lacks."""
        return super().fill(want)

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Answer with a certificate that stays the same, or the public half of a key."""
        if type_ == "tls_public_key":
            key = load_key(text(config.get("private_key_pem")) or text(config.get("private_key_openssh")))
            forms = public_forms(key.public_key())
            return {**forms, "algorithm": algorithm_of(key), "id": hashlib.sha1(str(forms).encode()).hexdigest()}  # noqa: S324
        pem = text(config.get("content")) or _site_certificate(text(config.get("url")), store)
        described = describe(x509.load_pem_x509_certificate(pem.encode()), pem)
        return {"id": described["sha1_fingerprint"], "certificates": [described]}


def _site_certificate(url: str, store: Store) -> str:
    """Give the certificate of a site: one a site and simulation, or every plan would show a change."""
    host = url.removeprefix("https://").removeprefix("tls://").split("/")[0]
    with store.transaction():
        held = store.setting(f"certificate:{host}")
        if not held:
            held = self_signed(host[:60] or "simulated", authority=True)[1].public_bytes(PEM).decode()
            store.set_setting(f"certificate:{host}", held)
    return held


def describe(certificate: x509.Certificate, pem: str) -> ObjectValue:
    """Give a certificate as the data source lists it."""
    return {
        "cert_pem": pem,
        "is_ca": True,
        "issuer": certificate.issuer.rfc4514_string(),
        "subject": certificate.subject.rfc4514_string(),
        "not_before": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "public_key_algorithm": "ECDSA" if isinstance(certificate.public_key(), ec.EllipticCurvePublicKey) else "RSA",
        "serial_number": str(certificate.serial_number),
        "sha1_fingerprint": certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303
        "signature_algorithm": "ECDSA-SHA256",
        "version": 3,
    }

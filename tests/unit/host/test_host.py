"""Names, addresses, files and command lines of a host cluster: all from its name and its number."""

from __future__ import annotations

import ipaddress
import json
import tomllib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from infra.errors import UsageError
from infra.host import pki
from infra.host.host import Host, check_name, free_number, load
from infra.host.units import PARTS, files, units, write_files

LONGEST_SOCKET = 107


def host(tmp_path: Path, name: str = "one", number: int = 1, way_out: bool = False) -> Host:
    return Host(name, number, tmp_path / name, Path("/parts"), way_out)


@pytest.mark.parametrize("name", ["a", "a-b", "x" * 30, "9"])
def test_good_names(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a-", "a/b", "..", "x" * 31, "a.b"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def test_numbers_stay_with_the_name_and_are_never_shared() -> None:
    taken: set[int] = set()
    for _ in range(254):
        number = free_number("one", taken)
        assert 1 <= number <= 254
        assert number not in taken
        taken.add(number)
    assert free_number("one", set()) == free_number("one", set())


def test_no_two_clusters_share_an_address(tmp_path: Path) -> None:
    one, two = host(tmp_path, "one", 1), host(tmp_path, "two", 254)
    for first in (one.link_cidr, one.pod_cidr, one.service_cidr):
        for second in (two.link_cidr, two.pod_cidr, two.service_cidr):
            assert not ipaddress.ip_network(first).overlaps(ipaddress.ip_network(second))
    assert len({one.link, two.link, one.namespace, two.namespace, one.run, two.run}) == 6


def test_the_longest_name_fits_interfaces_and_sockets(tmp_path: Path) -> None:
    longest = host(tmp_path, "x" * 30, 254)
    assert len(longest.link) <= 15
    for socket in (f"{longest.socket}.ttrpc", f"{longest.run}/kubelet/pod-resources/kubelet.sock"):
        assert len(socket) <= LONGEST_SOCKET


def test_a_record_is_read_back_and_half_of_one_is_none(tmp_path: Path) -> None:
    one = host(tmp_path, way_out=True)
    one.home.mkdir()
    assert load(one.home) is None
    (one.home / "cluster.json").write_text(json.dumps({"name": "one"}))
    assert load(one.home) is None
    data = {"name": "one", "number": 1, "home": str(one.home), "bin": "/parts", "way_out": True}
    (one.home / "cluster.json").write_text(json.dumps(data))
    assert load(one.home) == one


def test_every_part_runs_inside_the_clusters_network(tmp_path: Path) -> None:
    for unit in units(host(tmp_path)).values():
        assert unit.argv[:2] == ("nsenter", "--net=/run/netns/hera-one")


def test_the_api_server_checks_and_records_who_does_what(tmp_path: Path) -> None:
    argv = units(host(tmp_path))["apiserver"].argv
    assert "--authorization-mode=Node,RBAC" in argv
    assert any(flag.startswith("--audit-log-path=") for flag in argv)
    assert any(flag.startswith("--requestheader-client-ca-file=") for flag in argv)
    kubelet = files(host(tmp_path))["kubelet.json"]
    assert isinstance(kubelet, dict)
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}


@pytest.mark.parametrize(("way_out", "forwards"), [(False, False), (True, True)], ids=["closed", "way out"])
def test_names_outside_are_asked_for_only_with_a_way_out(tmp_path: Path, way_out: bool, forwards: bool) -> None:
    assert ("forward" in str(files(host(tmp_path, way_out=way_out))["Corefile"])) == forwards


def test_files_are_written_once(tmp_path: Path) -> None:
    one = host(tmp_path)
    write_files(one)
    before = {path: path.stat().st_mtime_ns for path in one.home.rglob("*") if path.is_file()}
    write_files(one)
    assert {path: path.stat().st_mtime_ns for path in one.home.rglob("*") if path.is_file()} == before
    runtime = tomllib.loads((one.home / "containerd.toml").read_text())
    assert runtime["plugins"]["io.containerd.grpc.v1.cri"]["restrict_oom_score_adj"] is True


def test_certificates_are_made_once_private_and_signed_by_their_authority(tmp_path: Path) -> None:
    one = host(tmp_path)
    pki.make(one)
    before = {path.name: path.read_bytes() for path in one.pki.iterdir() if path.suffix in (".crt", ".key")}
    pki.make(one)
    assert {name: (one.pki / name).read_bytes() for name in before} == before
    assert {path.stat().st_mode & 0o777 for path in one.pki.iterdir()} == {0o600}
    for name, identity in pki.identities(one).items():
        certificate = x509.load_pem_x509_certificate(before[f"{name}.crt"])
        authority = x509.load_pem_x509_certificate(before[f"{identity.authority}.crt"])
        certificate.verify_directly_issued_by(authority)
        key = authority.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)


def test_a_half_made_certificate_is_made_again(tmp_path: Path) -> None:
    one = host(tmp_path)
    pki.make(one)
    (one.pki / "admin.crt").unlink()
    pki.make(one)
    assert (one.pki / "admin.crt").exists()


def test_all_parts_have_a_unit(tmp_path: Path) -> None:
    assert tuple(units(host(tmp_path))) == PARTS


def test_only_the_part_that_is_told_something_else_has_to_start_anew(tmp_path: Path) -> None:
    before, after = units(host(tmp_path)), units(host(tmp_path, way_out=True))
    assert [name for name in PARTS if before[name].told != after[name].told] == ["coredns"]

"""Every way in which a spec can be wrong: one valid case, and what each tweak of it is told."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.errors import NotFound, SpecInvalid
from infra.spec.document import MAX_BYTES
from infra.spec.load import load_cluster, parse_cluster

VALID: dict[str, Any] = {
    "apiVersion": "hera.dev/v1alpha1",
    "kind": "Cluster",
    "metadata": {"name": "demo"},
    "spec": {
        "cloud": "nimbus",
        "region": "north",
        "environment": "dev",
        "network": {
            "cidr": "10.20.0.0/16",
            "podCidr": "10.128.0.0/14",
            "serviceCidr": "172.20.0.0/16",
            "zones": ["north-1", "north-2"],
            "flowLogs": {"enabled": True, "retentionDays": 30},
        },
        "kubernetes": {"version": "1.34", "endpoint": {"public": True, "allowedCidrs": ["203.0.113.0/24"]}},
        "nodePools": [
            {"name": "general", "machineType": "wisp", "min": 1, "max": 3, "zones": ["north-1"]},
            {
                "name": "batch",
                "min": 0,
                "max": 3,
                "labels": {"team": "data"},
                "taints": [{"key": "batch", "value": "true", "effect": "NoSchedule"}],
            },
        ],
        "tags": {"team": "data"},
        "cloudOptions": {"altitude": 3000},
    },
}
GONE = object()

# What is changed (path to value), then for each problem: its path, a part of what was found, a part of what is accepted.
Tweaks = Mapping[str, Any]
Expected = list[tuple[str, str, str]]
CASES: dict[str, tuple[Tweaks, Expected]] = {
    "no apiVersion": ({"apiVersion": GONE}, [("apiVersion", "nothing", "hera.dev/v1alpha1")]),
    "wrong apiVersion": ({"apiVersion": "hera.dev/v1"}, [("apiVersion", "hera.dev/v1", "hera.dev/v1alpha1")]),
    "wrong kind": ({"kind": "Clutser"}, [("kind", "Clutser", "did you mean Cluster?")]),
    "no metadata": ({"metadata": GONE}, [("metadata", "nothing", "needed")]),
    "no spec": ({"spec": GONE}, [("spec", "nothing", "needed")]),
    "empty spec": ({"spec": None}, [("spec", "nothing", "a mapping")]),
    "spec is text": ({"spec": "big"}, [("spec", '"big" (text)', "a mapping")]),
    "no name": ({"metadata": {}}, [("metadata.name", "nothing", "needed")]),
    "name upper case": ({"metadata.name": "Demo"}, [("metadata.name", "Demo", "lower-case")]),
    "name with underscore": ({"metadata.name": "my_demo"}, [("metadata.name", "my_demo", "lower-case")]),
    "name too long": ({"metadata.name": "a" * 41}, [("metadata.name", "aaa", "at most 40")]),
    "name too short": ({"metadata.name": "a"}, [("metadata.name", "a", "at least 2")]),
    "name ends with hyphen": ({"metadata.name": "demo-"}, [("metadata.name", "demo-", "no hyphen")]),
    "name starts with digit": ({"metadata.name": "1demo"}, [("metadata.name", "1demo", "first a letter")]),
    "name with newline": ({"metadata.name": "demo\n"}, [("metadata.name", "demo\\n", "lower-case")]),
    "name this cloud refuses": ({"metadata.name": "de--mo"}, [("metadata.name", "de--mo", "two hyphens")]),
    "unknown field at top": ({"sepc": {}}, [("sepc", "unknown field sepc", "did you mean spec?")]),
    "unknown field": ({"spec.network.zone": ["north-1"]}, [("spec.network.zone", "unknown field zone", "did you mean zones?")]),
    "unknown field by case": ({"spec.network.podCIDR": "10.1.0.0/16"}, [("spec.network.podCIDR", "unknown", "mean podCidr?")]),
    "unknown field in pool": (
        {"spec.nodePools.1.minimum": 1},
        [("spec.nodePools[1].minimum", "unknown field", "did you mean min?")],
    ),
    "python name of a field": ({"spec.network.pod_cidr": "10.1.0.0/16"}, [("spec.network.pod_cidr", "unknown", "podCidr")]),
    "number for text": ({"spec.kubernetes.version": 1.34}, [("spec.kubernetes.version", "1.34 (a number)", "text, in quotes")]),
    "text for number": ({"spec.nodePools.0.min": "1"}, [("spec.nodePools[0].min", '"1" (text)', "a whole number")]),
    "fraction for whole number": ({"spec.nodePools.0.min": 1.5}, [("spec.nodePools[0].min", "1.5", "a whole number")]),
    "truth for number": ({"spec.nodePools.0.min": True}, [("spec.nodePools[0].min", "true", "a whole number")]),
    "text for truth": ({"spec.nodePools.0.spot": "yes"}, [("spec.nodePools[0].spot", '"yes" (text)', "true or false")]),
    "text for list": ({"spec.network.zones": "north-1"}, [("spec.network.zones", "north-1", "a list")]),
    "list for mapping": ({"spec.network": []}, [("spec.network", "an empty list", "a mapping")]),
    "nothing for mapping": ({"spec.tags": None}, [("spec.tags", "nothing", "a mapping")]),
    "number in list of text": ({"spec.network.zones": ["north-1", 2]}, [("spec.network.zones[1]", "2 (a number)", "text")]),
    "pools as mapping": ({"spec.nodePools": {"name": "a"}}, [("spec.nodePools", "a mapping", "a list")]),
    "pool is text": ({"spec.nodePools.1": "batch"}, [("spec.nodePools[1]", '"batch" (text)', "a mapping")]),
    "no pools": ({"spec.nodePools": []}, [("spec.nodePools", "an empty list", "at least 1")]),
    "label true": ({"spec.nodePools.1.labels.gpu": True}, [("spec.nodePools[1].labels.gpu", "true", "text, in quotes")]),
    "bad label key": ({"spec.nodePools.1.labels.-x": "a"}, [('spec.nodePools[1].labels["-x"]', "-x", "label key")]),
    "bad label value": ({"spec.nodePools.1.labels.team": "a b"}, [("spec.nodePools[1].labels.team", "a b", "letters")]),
    "unknown taint effect": (
        {"spec.nodePools.1.taints.0.effect": "Noschedule"},
        [("spec.nodePools[1].taints[0].effect", "Noschedule", "did you mean NoSchedule?")],
    ),
    "taint twice": (
        {"spec.nodePools.1.taints.1": {"key": "batch", "effect": "NoSchedule"}},
        [("spec.nodePools[1].taints", "batch:NoSchedule 2 times", "once")],
    ),
    "no cloud": ({"spec.cloud": GONE}, [("spec.cloud", "nothing", "needed")]),
    "unknown cloud": ({"spec.cloud": "nimbis"}, [("spec.cloud", "nimbis", "did you mean nimbus?")]),
    "cloud is a number": ({"spec.cloud": 3}, [("spec.cloud", "3 (a number)", "text")]),
    "no region": ({"spec.region": GONE}, [("spec.region", "nothing", "needed")]),
    "unknown region": ({"spec.region": "nort"}, [("spec.region", "nort", "did you mean north?")]),
    "region list": ({"spec.region": "mars"}, [("spec.region", "mars", "regions of Nimbus: north, south")]),
    "no environment": ({"spec.environment": GONE}, [("spec.environment", "nothing", "needed")]),
    "unknown environment": ({"spec.environment": "production"}, [("spec.environment", "production", "dev, staging, prod")]),
    "cidr no range": ({"spec.network.cidr": "10.20.0.0"}, [("spec.network.cidr", "10.20.0.0", "10.20.0.0/16")]),
    "cidr host bits": (
        {"spec.network.cidr": "10.20.0.1/16"},
        [("spec.network.cidr", "10.20.0.1/16", "did you mean 10.20.0.0/16?")],
    ),
    "cidr out of bounds": ({"spec.network.cidr": "10.300.0.0/16"}, [("spec.network.cidr", "10.300.0.0/16", "IPv4 range")]),
    "cidr prefix too long": ({"spec.network.cidr": "10.20.0.0/33"}, [("spec.network.cidr", "10.20.0.0/33", "IPv4 range")]),
    "cidr as mask": ({"spec.network.cidr": "10.20.0.0/255.255.0.0"}, [("spec.network.cidr", "255.255", "IPv4 range")]),
    "cidr of IPv6": ({"spec.network.cidr": "fd00::/56"}, [("spec.network.cidr", "fd00::/56", "IPv4 range")]),
    "cidr is everything": (
        {"spec.network.cidr": "0.0.0.0/0"},
        [
            ("spec.network.cidr", "0.0.0.0/0", "private range"),
            ("spec.network.podCidr", "overlaps spec.network.cidr", "outside 0.0.0.0/0"),
            ("spec.network.serviceCidr", "overlaps spec.network.cidr", "outside 0.0.0.0/0"),
        ],
    ),
    "cidr is loopback": ({"spec.network.cidr": "127.0.0.0/16"}, [("spec.network.cidr", "127.0.0.0/16", "private range")]),
    "pods overlap network": (
        {"spec.network.podCidr": "10.20.128.0/17"},
        [("spec.network.podCidr", "overlaps spec.network.cidr 10.20.0.0/16", "outside 10.20.0.0/16")],
    ),
    "services overlap pods": (
        {"spec.network.serviceCidr": "10.129.0.0/20"},
        [("spec.network.serviceCidr", "overlaps spec.network.podCidr", "outside 10.128.0.0/14")],
    ),
    "network overlaps the default of pods": (
        {"spec.network.cidr": "10.128.0.0/16", "spec.network.podCidr": GONE},
        [("spec.network.podCidr", "10.128.0.0/14, which overlaps", "outside 10.128.0.0/16")],
    ),
    "network too small": ({"spec.network.cidr": "10.20.0.0/24"}, [("spec.network.cidr", "10.20.0.0/24", "for each of 2 zones")]),
    "no zones": (
        {"spec.network.zones": [], "spec.nodePools.0.zones": GONE, "spec.nodePools.1.zones": ["north-1"]},
        [("spec.network.zones", "an empty list", "at least 1")],
    ),
    "zone elsewhere": (
        {"spec.network.zones": ["north-1", "south-1"]},
        [("spec.network.zones[1]", "south-1", "zones of north: north-1, north-2, north-3, north-4")],
    ),
    "zone twice": ({"spec.network.zones": ["north-1", "north-1"]}, [("spec.network.zones[1]", "north-1 again", "once")]),
    "pool zone outside network": (
        {"spec.nodePools.0.zones": ["north-3"]},
        [("spec.nodePools[0].zones[0]", "north-3", "the network's zones: north-1, north-2")],
    ),
    "pool zone twice": (
        {"spec.nodePools.0.zones": ["north-1", "north-1"]},
        [("spec.nodePools[0].zones[1]", "north-1 again", "once")],
    ),
    "pool without zones": ({"spec.nodePools.0.zones": []}, [("spec.nodePools[0].zones", "an empty list", "at least 1")]),
    "unknown nat": ({"spec.network.nat": "zones"}, [("spec.network.nat", "zones", "did you mean zone?")]),
    "unknown private endpoint": (
        {"spec.network.privateEndpoints": ["storge"]},
        [("spec.network.privateEndpoints[0]", "storge", "did you mean storage?")],
    ),
    "retention zero": ({"spec.network.flowLogs.retentionDays": 0}, [("spec.network.flowLogs.retentionDays", "0", "at least 1")]),
    "version unknown": (
        {"spec.kubernetes.version": "1.20"},
        [("spec.kubernetes.version", "1.20", "on Nimbus: 1.34, 1.33, 1.32")],
    ),
    "version with patch": ({"spec.kubernetes.version": "1.34.1"}, [("spec.kubernetes.version", "1.34.1", "two numbers")]),
    "version with v": ({"spec.kubernetes.version": "v1.34"}, [("spec.kubernetes.version", "v1.34", "two numbers")]),
    "public for nobody": (
        {"spec.kubernetes.endpoint.allowedCidrs": GONE},
        [("spec.kubernetes.endpoint.allowedCidrs", "nothing, with a public endpoint", "at least one range")],
    ),
    "ranges without public": (
        {"spec.kubernetes.endpoint.public": False},
        [("spec.kubernetes.endpoint.allowedCidrs", "with a private endpoint", "public: true")],
    ),
    "private range allowed": (
        {"spec.kubernetes.endpoint.allowedCidrs": ["192.168.1.0/24"]},
        [("spec.kubernetes.endpoint.allowedCidrs[0]", "192.168.1.0/24", "192.168.0.0/16 is never seen there")],
    ),
    "allowed range twice": (
        {"spec.kubernetes.endpoint.allowedCidrs": ["203.0.113.0/24", "203.0.113.0/24"]},
        [("spec.kubernetes.endpoint.allowedCidrs[1]", "203.0.113.0/24 again", "once")],
    ),
    "bad allowed range": (
        {"spec.kubernetes.endpoint.allowedCidrs": ["home"]},
        [("spec.kubernetes.endpoint.allowedCidrs[0]", "home", "IPv4 range")],
    ),
    "hour past midnight": (
        {"spec.kubernetes.maintenanceWindow": {"startHour": 24}},
        [("spec.kubernetes.maintenanceWindow.startHour", "24", "at most 23")],
    ),
    "unknown day": (
        {"spec.kubernetes.maintenanceWindow": {"day": "sunday"}},
        [("spec.kubernetes.maintenanceWindow.day", "sunday", "did you mean Sunday?")],
    ),
    "min above max": ({"spec.nodePools.0.min": 5}, [("spec.nodePools[0].min", "5, above max 3", "at most 3")]),
    "min above the default of max": (
        {"spec.nodePools.0.min": 5, "spec.nodePools.0.max": GONE},
        [("spec.nodePools[0].min", "5, above max 3", "at most 3")],
    ),
    "min below zero": ({"spec.nodePools.0.min": -1}, [("spec.nodePools[0].min", "-1", "at least 0")]),
    "max of zero": ({"spec.nodePools.1.max": 0}, [("spec.nodePools[1].max", "0", "at least 1")]),
    "small disk": ({"spec.nodePools.0.diskGiB": 10}, [("spec.nodePools[0].diskGiB", "10", "at least 30")]),
    "pools of one name": (
        {"spec.nodePools.1.name": "general"},
        [("spec.nodePools[1].name", "general, as spec.nodePools[0].name", "no other pool")],
    ),
    "pool name with hyphen": ({"spec.nodePools.0.name": "my-pool"}, [("spec.nodePools[0].name", "my-pool", "12 lower-case")]),
    "pool without name": ({"spec.nodePools.0.name": GONE}, [("spec.nodePools[0].name", "nothing", "needed")]),
    "every pool tainted": (
        {"spec.nodePools.0.taints": [{"key": "x", "effect": "NoExecute"}]},
        [("spec.nodePools", "taint on every pool", "must run somewhere")],
    ),
    "tag of Hera": ({"spec.tags.hera-cluster": "other"}, [("spec.tags.hera-cluster", "Hera sets", "any key but")]),
    "tag key with template": ({"spec.tags": {"${x}": "a"}}, [('spec.tags["${x}"]', "${x}", "letters, digits")]),
    "tag value is number": ({"spec.tags.cost": 12}, [("spec.tags.cost", "12 (a number)", "text, in quotes")]),
    "unknown option": (
        {"spec.cloudOptions.altitud": 1},
        [("spec.cloudOptions.altitud", "unknown field altitud", "did you mean altitude?")],
    ),
    "wrong type of option": (
        {"spec.cloudOptions.altitude": "high"},
        [("spec.cloudOptions.altitude", '"high"', "a whole number")],
    ),
    "option out of bounds": ({"spec.cloudOptions.altitude": 1}, [("spec.cloudOptions.altitude", "1", "at least 100")]),
    "everything at once": (
        {
            "metadata.name": "Demo",
            "spec.network.zone": "a",
            "spec.kubernetes.version": 1.2,
            "spec.nodePools.0.min": 7,
            "spec.nodePools.1.name": "general",
            "spec.nodePools.1.colour": "red",
            "spec.cloudOptions.altitude": "x",
        },
        [
            ("metadata.name", "Demo", "lower-case"),
            ("spec.network.zone", "unknown field", "zones"),
            ("spec.kubernetes.version", "1.2 (a number)", "text"),
            ("spec.nodePools[0].min", "7, above max 3", "at most 3"),
            ("spec.nodePools[1].name", "general", "no other pool"),
            ("spec.nodePools[1].colour", "unknown field", "the fields"),
            ("spec.cloudOptions.altitude", '"x"', "whole number"),
        ],
    ),
    "nothing is concluded from stand-ins": (
        {"spec.region": "mars", "spec.network.cidr": "10.128.0/16"},
        [("spec.region", "mars", "north"), ("spec.network.cidr", "10.128.0/16", "IPv4 range")],
    ),
    "an unknown cloud hides nothing else": (
        {"spec.cloud": "cirrus", "spec.nodePools.0.min": 9, "spec.network.nat": 1},
        [("spec.cloud", "cirrus", "nimbus"), ("spec.nodePools[0].min", "9", "3"), ("spec.network.nat", "1", "single, zone")],
    ),
}


def tweaked(tweaks: Tweaks) -> dict[str, Any]:
    """Return the valid case with values at dotted paths replaced or taken away."""
    data = copy.deepcopy(VALID)
    for path, value in tweaks.items():
        *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        holder: Any = data
        for step in steps:
            holder = holder[step]
        if value is GONE:
            holder.pop(last, None)
        elif isinstance(holder, list) and isinstance(last, int) and last == len(holder):
            holder.append(value)
        else:
            holder[last] = value
    return data


def written(data: Any) -> str:
    return yaml.safe_dump(data, sort_keys=False)


def line_of(text: str, path: str) -> int:
    """Return the line of a field in dumped YAML by its last name, for paths whose name occurs once."""
    name = path.rsplit(".", 1)[-1]
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip(" -").startswith(f"{name}:")]
    return lines[0] if len(lines) == 1 else 0


def test_the_valid_case_is_valid() -> None:
    assert parse_cluster(written(VALID)).name == "demo"


@pytest.mark.parametrize(("tweaks", "expected"), CASES.values(), ids=CASES.keys())
def test_refusal(tweaks: Tweaks, expected: Expected) -> None:
    text = written(tweaked(tweaks))
    with pytest.raises(SpecInvalid) as caught:
        parse_cluster(text, "demo.yaml")
    problems = caught.value.problems
    assert sorted(problem.path for problem in problems) == sorted(path for path, _, _ in expected), caught.value.message
    for path, found, accepted in expected:
        problem = next(problem for problem in problems if problem.path == path)
        assert found in problem.found
        assert accepted in problem.accepted
        assert problem.file == "demo.yaml"
        assert problem.line == (line_of(text, path) or problem.line)
        assert problem.line > 0
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]", *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9))]
)
HEAD = "apiVersion: hera.dev/v1alpha1\nkind: Cluster\n"
DOCUMENTS: dict[str, tuple[str, int, str, str]] = {
    "empty": ("", 0, "nothing", "one document"),
    "only comments": ("# a cluster\n", 0, "nothing", "one document"),
    "only a marker": ("---\n", 0, "nothing", "one document"),
    "a list": ("- a\n- b\n", 1, "a list", "a mapping"),
    "a word": ("cluster\n", 1, "a single value", "a mapping"),
    "two documents": (written(VALID) + "---\n" + written(VALID), 0, "several documents", "one document"),
    "unclosed bracket": (HEAD + "metadata: {name: demo\nspec: [", 4, "what YAML does not allow", "YAML"),
    "tab": (HEAD + "metadata:\n\tname: demo\n", 4, "what YAML does not allow", "YAML"),
    "bad indentation": (HEAD + "metadata:\n  name: demo\n spec: 1\n", 5, "what YAML does not allow", "YAML"),
    "unknown alias": (HEAD + "metadata: *nothing\n", 3, "what YAML does not allow", "YAML"),
    "control character": (HEAD + "metadata:\n  name: de\x07mo\n", 4, "\\x07", "printable"),
    "field twice": (HEAD + "kind: Cluster\nmetadata: {name: demo}\n", 3, "the field again, after line 2", "once"),
    "alias bomb": (BOMB, 0, "aliases that repeat", "at most"),
    "alias of itself": (HEAD + "metadata: &a [*a]\n", 3, "aliases that repeat", "at most"),
    "merge of itself": (HEAD + "metadata: &a {<<: *a}\n", 3, "aliases that repeat", "at most"),
    "brackets": (HEAD + "metadata: " + "[" * 5000, 3, "more than 32 levels", "spec describes"),
    "huge": ("# " + "x" * MAX_BYTES, 0, "characters", "at most"),
    "python object": (HEAD + "metadata: {name: !!python/object/apply:os.system [ls]}\n", 3, "a list", "text"),
    "unknown tag": (HEAD + "metadata: {name: !secret demo}\n", 3, "the tag !secret", "text"),
    "number as field": (HEAD + "metadata: {name: demo, 1: x}\n", 3, "1 as a field's name", "text"),
    "list as field": (HEAD + "metadata: {name: demo, [a]: x}\n", 3, "a list as a field's name", "text"),
    "bytes": (HEAD + "metadata: {name: !!binary aGVsbG8=}\n", 3, "the tag !!binary", "text"),
    "date": (HEAD + "metadata: {name: 2026-13-45}\n", 3, "2026-13-45", "lower-case"),
    "endless number": (HEAD + "metadata: {name: demo, x: " + "1" * 5000 + "}\n", 3, "Exceeds the limit", "a number"),
    "merge of text": (HEAD + "metadata: {<<: x, name: demo}\n", 3, "a single value", "an alias"),
}


@pytest.mark.parametrize(("text", "line", "found", "accepted"), DOCUMENTS.values(), ids=DOCUMENTS.keys())
def test_refusal_of_a_document(text: str, line: int, found: str, accepted: str) -> None:
    with pytest.raises(SpecInvalid) as caught:
        parse_cluster(text, "demo.yaml")
    matches = [problem for problem in caught.value.problems if found in problem.found and accepted in problem.accepted]
    assert matches, caught.value.message
    assert line in (0, matches[0].line)
    assert matches[0].file == "demo.yaml"


@pytest.mark.parametrize(
    ("data", "line", "found"),
    [
        pytest.param(HEAD.encode() + b"# caf\xe9\n", 3, "0xe9", id="latin-1"),
        pytest.param(HEAD.encode("utf-16"), 1, "0xff", id="utf-16"),
        pytest.param(b"#" * (MAX_BYTES + 1), 0, "a larger file", id="huge"),
        pytest.param(b"\x00" * 10, 1, "\\x00", id="zeros"),
    ],
)
def test_refusal_of_bytes(tmp_path: Path, data: bytes, line: int, found: str) -> None:
    path = tmp_path / "demo.yaml"
    path.write_bytes(data)
    with pytest.raises(SpecInvalid) as caught:
        load_cluster(path)
    (problem,) = caught.value.problems
    assert found in problem.found
    assert (problem.line, problem.file) == (line, str(path))


@pytest.mark.parametrize("name", ["missing.yaml", "."], ids=["no file", "a folder"])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match="cannot read"):
        load_cluster(tmp_path / name)


def test_the_text_of_a_refusal_names_file_line_path_found_and_accepted() -> None:
    with pytest.raises(SpecInvalid) as caught:
        parse_cluster(written(tweaked({"spec.region": "nort", "spec.nodePools.0.min": 5})), "demo.yaml")
    assert caught.value.message == (
        "2 problems in the cluster spec\n"
        "  demo.yaml:7: spec.region: found nort; accepted: regions of Nimbus: north, south; did you mean north?\n"
        "  demo.yaml:28: spec.nodePools[0].min: found 5, above max 3; accepted: at most 3"
    )
    assert (caught.value.exit_code, caught.value.code) == (65, "SPEC_INVALID")
    assert caught.value.next_step


def test_nothing_from_the_file_commands_the_terminal() -> None:
    with pytest.raises(SpecInvalid) as caught:
        parse_cluster(
            written(tweaked({"spec.region": "\x1b[31mred\n", "spec.tags": {"\x1b]0;x\x07": "a"}, "spec.network.nat": "\x9b"}))
        )
    assert len(caught.value.problems) == 3
    assert caught.value.message.replace("\n", "").isprintable()


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "demo.yaml"
    path.write_text("\ufeff" + written(VALID))
    assert load_cluster(path).name == "demo"

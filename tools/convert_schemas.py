"""Makes infra/simulator/schemas/*.json.gz from the npm packages @cdktf/provider-*: no provider can be downloaded here.

Every `lib/*/index.js` ends in an inline source map that holds the original TypeScript, whose comments tell for each
attribute whether it is computed, optional or required; a doc line `X block` tells a block from an attribute.
What the packages do not tell (`sensitive`) is kept from the schema file that is being replaced, or guessed by name.

    npm pack @cdktf/provider-random@12.0.1
    python tools/convert_schemas.py cdktf-provider-random-12.0.1.tgz …        # --check compares, writes nothing
"""

import argparse
import base64
import gzip
import json
import re
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMAS = Path(__file__).resolve().parents[1] / "infra" / "simulator" / "schemas"
SOURCE_MAP = re.compile(rb"sourceMappingURL=data:application/json;base64,(\S+)")
SECTIONS = {"TerraformResource": "resource_schemas", "TerraformDataSource": "data_source_schemas"}
FLAGS = re.compile(
    r"  // (\w+) - computed: (true|false), optional: (true|false), required: (true|false)\n(.*?)(?=\n  // \w+ - computed"
    r"|\n  // ====|\Z)",
    re.DOTALL,
)
COMPLEX = re.compile(r"= new (\w+?)(List|Map|OutputReference)\(this, \"\w+\"(?:, (true|false))?\)")
COLLECTION = re.compile(r"= new cdktf\.(\w+)\(this, \"\w+\"(?:, (true|false))?\)")
GETTERS = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": ["list", "string"],
    "getNumberListAttribute": ["list", "number"],
    "getStringMapAttribute": ["map", "string"],
    "getNumberMapAttribute": ["map", "number"],
    "getBooleanMapAttribute": ["map", "bool"],
    "getAnyMapAttribute": "dynamic",
}
CDKTF_LISTS = {
    "StringMapList": ["map", "string"],
    "NumberMapList": ["map", "number"],
    "BooleanMapList": ["map", "bool"],
    "AnyMapList": ["map", "string"],
    "StringListList": ["list", "string"],
    "NumberListList": ["list", "number"],
}
SENSITIVE = re.compile(r"(password|secret|private_key|token|passphrase|kubeconfig|_key_pem)(_wo)?$|^(bcrypt_hash|client_key)$")
NOT_SENSITIVE = re.compile(r"(_id|_name|_type|_version)$|^(secret|automount_.*|.*_token)$")


KNOWN_SENSITIVE = {
    "random_password": ("result", "bcrypt_hash"),
    "tls_private_key": ("private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"),
    "tls_cert_request": ("private_key_pem",),
    "tls_self_signed_cert": ("private_key_pem",),
    "tls_locally_signed_cert": ("ca_private_key_pem",),
    "local_sensitive_file": ("content", "content_base64"),
    "kubernetes_secret": ("data", "binary_data"),
    "kubernetes_secret_v1": ("data", "binary_data"),
    "random_bytes": ("base64", "hex"),
}


class Source:
    """One package file: its classes and the blocks its interfaces name."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._classes: dict[str, str] = {}
        self._bases: dict[str, str] = {}
        self._interfaces: dict[str, str] = {}
        self._writers: dict[str, str] = {}
        for part in re.split(r"\n(?=export (?:class|interface|function) )|\n(?=/\*\*\n\* )", text):
            if found := re.match(r"export function (\w+)ToHclTerraform", part):
                self._writers[found[1].lower()] = part
            elif found := re.match(r"export class (\w+) extends cdktf\.(\w+)", part):
                self._classes[found[1]], self._bases[found[1]] = part, found[2]
            elif found := re.match(r"export interface (\w+)", part):
                self._interfaces[found[1]] = part

    def main(self) -> Iterator[tuple[str, str, str]]:
        """Give (class, base, terraform type) of each resource, data source or provider in the file."""
        for name, base in self._bases.items():
            if base in (*SECTIONS, "TerraformProvider"):
                found = re.search(r'tfResourceType = "([\w-]+)"', self._classes[name])
                if found:
                    yield name, base, found[1]

    def blocks_of(self, name: str) -> set[str]:
        """Give the names an interface documents as blocks."""
        return set(re.findall(r"\n  \* (\w+) block\n", self._interfaces.get(name, "")))

    def body(self, name: str) -> str:
        """Give a class's text."""
        return self._classes.get(name, "")

    def written(self, class_name: str, interface: str, name: str) -> tuple[str, str]:
        """Give (type, storage class) of a value as it is written to HCL, empty when it never is."""
        body = self._writers.get(interface.lower()) or self.body(class_name)
        found = re.search(rf'\n +{name}: \{{\n.*?type: "(\w+)",\s*storageClassType: "(\w+)"', body[body.find("Hcl") :], re.DOTALL)
        return (found[1], found[2]) if found else ("", "")

    def schema(self, class_name: str, interface: str) -> dict[str, Any]:
        """Give the block a class stands for."""
        blocks = self.blocks_of(interface)
        attributes: dict[str, Any] = {}
        nested: dict[str, Any] = {}
        for name, *flags, rest in FLAGS.findall(self.body(class_name)):
            marks = {key: True for key, flag in zip(("computed", "optional", "required"), flags, strict=True) if flag == "true"}
            if found := COMPLEX.search(rest):
                inner, nesting, limit = self._inner(found)
                if limit and self.written(class_name, interface, name)[0] == "set":
                    nesting = "set"
                if name in blocks:
                    nested[name] = _block_type(inner, nesting, limit, "required" in marks)
                else:
                    attributes[name] = {**_nested_attribute(inner, nesting, limit, marks), **marks}
            else:
                type_ = _simple_type(rest)
                if type_ == "dynamic":
                    type_ = _deep_type(*self.written(class_name, interface, name))
                attributes[name] = {**marks, "type": type_}
        return {"attributes": attributes, **({"block_types": nested} if nested else {})}

    def _inner(self, found: re.Match[str]) -> tuple[dict[str, Any], str, int]:
        name, kind, wraps_set = found.groups()
        reference = f"{name}OutputReference"
        inner = self.schema(reference, name)
        if kind == "List":
            return inner, "set" if wraps_set == "true" else "list", 0
        if kind == "Map":
            return inner, "map", 0
        indexed = re.search(r"super\(terraformResource, terraformAttribute, (true|false), 0\)", self.body(reference))
        if not indexed:
            return inner, "single", 0
        return inner, "set" if indexed[1] == "true" else "list", 1


def _deep_type(kind: str, storage: str) -> Any:
    """Read a storage class such as numberListList; what cdktf calls any is dynamic."""
    if storage.startswith("any") or not kind:
        return "dynamic"
    wrappers = re.findall("List|Map", storage)
    inner: Any = {"boolean": "bool"}.get(re.split("List|Map", storage)[0], re.split("List|Map", storage)[0])
    for wrapper in wrappers[:-1]:
        inner = [wrapper.lower(), inner]
    return [kind, inner] if wrappers else inner


def _simple_type(rest: str) -> Any:
    if found := COLLECTION.search(rest):
        inner = CDKTF_LISTS.get(found[1], "string")
        return ["set" if found[2] == "true" else "list", inner] if found[1].endswith("List") else ["map", inner]
    found = re.search(r"this\.(get\w+Attribute)\(", rest)
    if found is None:
        return "dynamic"
    kind = GETTERS.get(found[1], "string")
    if "Fn.tolist" in rest and isinstance(kind, list):
        return ["set", kind[1]] if "asNumberList" not in rest else ["set", "number"]
    return kind


def _block_type(inner: dict[str, Any], nesting: str, limit: int, required: bool) -> dict[str, Any]:
    made: dict[str, Any] = {"block": inner, "nesting_mode": nesting}
    if limit:
        made["max_items"] = limit
    if required and nesting != "single":
        made["min_items"] = 1
    return made


def _nested_attribute(inner: dict[str, Any], nesting: str, limit: int, marks: dict[str, bool]) -> dict[str, Any]:
    """Choose between an object type, whose members are all needed, and a nested type, with rules of its own a member."""
    own_rules = any(
        {k: v for k, v in item.items() if k in ("computed", "optional", "required")} != marks
        for item in inner["attributes"].values()
    )
    if marks.keys() != {"computed"} and own_rules and not limit:
        return {"nested_type": {"attributes": inner["attributes"], "nesting_mode": nesting}}
    members = {
        name: item["type"] if "type" in item else _object(item["nested_type"]) for name, item in inner["attributes"].items()
    }
    return {"type": ["object", members] if nesting == "single" else [nesting, ["object", members]]}


def _object(nested: dict[str, Any]) -> Any:
    members = {
        name: item["type"] if "type" in item else _object(item["nested_type"]) for name, item in nested["attributes"].items()
    }
    inner = ["object", members]
    return inner if nested["nesting_mode"] == "single" else [nested["nesting_mode"], inner]


def sources(package: Path) -> Iterator[str]:
    """Give the TypeScript of each folder in a package; large resources are split over several files."""
    folders: dict[str, list[str]] = {}
    with tarfile.open(package) as archive:
        for member in archive:
            if wanted := re.fullmatch(r"package/lib/([^/]+)/(?:index|index-structs/structs\d+)\.js", member.name):
                handle = archive.extractfile(member)
                found = SOURCE_MAP.search(handle.read()) if handle else None
                if found:
                    folders.setdefault(wanted[1], []).extend(json.loads(base64.b64decode(found[1]))["sourcesContent"])
    for name in sorted(folders):
        yield "\n".join(folders[name])


def convert(package: Path) -> tuple[str, dict[str, Any]]:
    """Give a package's provider name and schema document."""
    name = re.search(r"provider-([a-z-]+?)-\d", package.name)
    assert name is not None, f"{package} is not a @cdktf/provider package"
    schema: dict[str, Any] = {
        "data_source_schemas": {},
        "provider": {"block": {"attributes": {}}, "version": 0},
        "resource_schemas": {},
    }
    version = ""
    for text in sources(package):
        source = Source(text)
        for class_name, base, type_ in source.main():
            block = {"block": source.schema(class_name, f"{class_name}Config"), "version": 0}
            version = _version(text) or version
            if base == "TerraformProvider":
                schema["provider"] = {"block": _provider(source, class_name), "version": 0}
            else:
                schema[SECTIONS[base]][type_] = block
    address = f"registry.terraform.io/hashicorp/{name[1]}"
    return name[1], {"format_version": "1.0", "provider_schemas": {address: schema}, "provider_version": version}


def _version(text: str) -> str:
    found = re.search(r"providerVersion: '([^']+)'", text)
    return found[1] if found else ""


def _provider(source: Source, class_name: str) -> dict[str, Any]:
    """Give the provider block: its class tells names and flags only, so types come from how values are written."""
    block = source.schema(class_name, f"{class_name}Config")
    blocks = source.blocks_of(f"{class_name}Config")
    body = source.body(class_name)
    block["attributes"].pop("alias", None)
    for name in list(block["attributes"]):
        written = re.search(rf"\n      {name}: \{{(.*?)\n      \}},", body, re.DOTALL)
        storage = re.search(r'type: "(\w+)",\s*storageClassType: "(\w+)"', written[1]) if written else None
        if storage is None:
            continue
        if storage[2][0].isupper() and name not in blocks:
            inner = _provider_block(source, storage[1], storage[2])
            nesting = "single" if storage[1] == "struct" else inner["nesting_mode"]
            attributes = inner["block"]["attributes"]
            block["attributes"][name] = {"nested_type": {"attributes": attributes, "nesting_mode": nesting}, "optional": True}
        elif name in blocks:
            block["attributes"].pop(name)
            block.setdefault("block_types", {})[name] = _provider_block(source, storage[1], storage[2])
        else:
            block["attributes"][name]["type"] = _storage_type(storage[1], storage[2])
    return block


def _storage_type(kind: str, storage: str) -> Any:
    plain = {"boolean": "bool", "number": "number", "string": "string"}
    if kind == "simple":
        return plain.get(storage, "string")
    return [kind, plain.get(re.sub("(List|Map)$", "", storage), "string")]


def _provider_block(source: Source, kind: str, storage: str) -> dict[str, Any]:
    interface = re.sub("List$", "", storage)
    function = interface[0].lower() + interface[1:] + "ToHclTerraform"
    found = re.search(rf"export function {function}\(.*?const attrs = \{{(.*?)\n  \}};", source.text, re.DOTALL)
    attributes: dict[str, Any] = {}
    blocks: dict[str, Any] = {}
    for name, inner, held in re.findall(
        r'\n    (\w+): \{.*?type: "(\w+)",\s*storageClassType: "(\w+)"', found[1] if found else "", re.DOTALL
    ):
        if held[0].isupper():
            blocks[name] = _provider_block(source, inner, held)
        else:
            attributes[name] = {"optional": True, "type": _storage_type(inner, held)}
    inner_block = {"attributes": attributes, **({"block_types": blocks} if blocks else {})}
    nesting = "single" if kind == "struct" else kind
    return {"block": inner_block, "nesting_mode": "list" if nesting == "single" else nesting}


def mark(block: dict[str, Any], former: dict[str, Any] | None) -> None:
    """Add what the packages do not tell: sensitive from the former file or by name, write-only by name."""
    old = (former or {}).get("attributes", {})
    for name, attribute in block.get("attributes", {}).items():
        held = old.get(name)
        guessed = former is None and bool(SENSITIVE.search(name)) and not NOT_SENSITIVE.search(name)
        if held.get("sensitive") if held else guessed:
            attribute["sensitive"] = True
        if name.endswith("_wo") and not attribute.get("computed"):
            attribute["write_only"] = True
    for name, nested in block.get("block_types", {}).items():
        inner = (former or {}).get("block_types", {}).get(name, {}).get("block")
        mark(nested["block"], inner if former is not None else None)


def _mark_all(document: dict[str, Any], former: dict[str, Any] | None) -> None:
    schema = next(iter(document["provider_schemas"].values()))
    held = next(iter(former["provider_schemas"].values())) if former else {}
    for section in SECTIONS.values():
        for type_, item in schema[section].items():
            mark(item["block"], held.get(section, {}).get(type_, {}).get("block"))
            for name in KNOWN_SENSITIVE.get(type_, ()):
                if name in item["block"]["attributes"] and section == "resource_schemas":
                    item["block"]["attributes"][name]["sensitive"] = True


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Give the paths at which two schema documents differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            if key not in one or key not in other:
                yield f"{path}.{key} only in {'first' if key in one else 'second'}"
            else:
                yield from differences(one[key], other[key], f"{path}.{key}")
    elif one != other:
        yield f"{path}: {json.dumps(one)[:90]} / {json.dumps(other)[:90]}"


def main(arguments: list[str]) -> int:
    """Convert packages, or compare what they give with the files there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packages", nargs="+", type=Path)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    options = parser.parse_args(arguments)
    versions_file = SCHEMAS / "versions.json"
    versions = json.loads(versions_file.read_text())
    for package in options.packages:
        name, document = convert(package)
        target = SCHEMAS / f"{name}.json.gz"
        former = json.loads(gzip.decompress(target.read_bytes())) if target.exists() else None
        _mark_all(document, former)
        if options.check:
            found = list(differences(former, document))
            sys.stdout.write(f"{name}: {len(found)} differences\n" + "".join(f"  {line}\n" for line in found[:40]))
            continue
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
        versions[name] = document["provider_version"]
        sys.stdout.write(f"{name} {versions[name]}: {target.stat().st_size} bytes\n")
    if not options.check:
        versions_file.write_text(json.dumps(versions, indent=2, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The archive that holds one program: every digest and size is right, and the image is what it is called."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from pathlib import Path

from infra.host import oci

NAME = "localhost/hera/pause:dev"


def test_the_archive_is_a_whole_oci_layout(tmp_path: Path) -> None:
    program = tmp_path / "pause"
    program.write_bytes(b"\x7fELF")
    oci.write(tmp_path / "pause.tar", NAME, program)
    with tarfile.open(tmp_path / "pause.tar") as tar:
        content = {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]
    for name, blob in content.items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{hashlib.sha256(blob).hexdigest()}"
    (entry,) = json.loads(content["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == NAME
    manifest = json.loads(_blob(content, entry))
    config = json.loads(_blob(content, manifest["config"]))
    (layer,) = manifest["layers"]
    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    assert config["config"]["User"] == "65532:65532"
    with tarfile.open(fileobj=io.BytesIO(_blob(content, layer))) as tar:
        assert [(entry.name, entry.mode) for entry in tar] == [("pause", 0o755)]


def _blob(content: dict[str, bytes], descriptor: dict[str, str | int]) -> bytes:
    blob = content[f"blobs/{str(descriptor['digest']).replace(':', '/')}"]
    assert len(blob) == descriptor["size"]
    return blob

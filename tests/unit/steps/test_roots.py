"""Roots: texts stay texts, digests follow what matters and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from steps.common import roots


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("${path.module}", "$${path.module}", id="template"),
        pytest.param("%{ if true }", "%%{ if true }", id="directive"),
        pytest.param({"a": ["${b}"]}, {"a": ["$${b}"]}, id="nested"),
        pytest.param(3, 3, id="number"),
    ],
)
def test_literal(value: object, expected: object) -> None:
    assert roots.literal(value) == expected


def root(module: Path, **values: object) -> roots.Root:
    return {"terraform": {}, "provider": {}, "module": {"network": {"source": str(module), **values}}, "output": {}}


@pytest.fixture
def module(tmp_path: Path) -> Path:
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "main.tf").write_text("# one\n")
    return folder


def test_digest_follows_the_modules_content(module: Path) -> None:
    before = roots.digest(root(module))
    (module / "main.tf").write_text("# two\n")
    assert roots.digest(root(module)) != before


def test_digest_follows_values(module: Path) -> None:
    assert roots.digest(root(module, cidr="10.0.0.0/16")) != roots.digest(root(module, cidr="10.1.0.0/16"))


def test_digest_ignores_where_modules_are_installed(module: Path, tmp_path: Path) -> None:
    before = roots.digest(root(module))
    assert roots.digest(root(module.rename(tmp_path / "elsewhere"))) == before


def test_written_modules_are_relative_so_that_terraform_does_not_copy_them(module: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    roots.write(root(module), work)
    assert '"source": "../module"' in (work / "main.tf.json").read_text()
    assert (work / "main.tf.json").stat().st_mode & 0o777 == 0o600

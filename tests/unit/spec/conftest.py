"""A cloud whose facts never change, so that these tests say what the loader does and not what a real cloud has this year."""

from __future__ import annotations

from pathlib import Path

import pytest

CLOUDS = Path(__file__).parent / "clouds"


@pytest.fixture(autouse=True)
def nimbus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERA_PROVIDER_PATH", str(CLOUDS))

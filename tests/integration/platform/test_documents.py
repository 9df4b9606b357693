"""What the documents tell to type works as written, on an API server with the platform on it."""

from __future__ import annotations

import pytest

from tests.support.documents import shell_lines, type_line
from tests.support.kubernetes_api import Server


@pytest.mark.parametrize("line", shell_lines("network-policies.md"))
def test_network_policies(platform: Server, line: str) -> None:
    type_line(line, platform.kubeconfig)

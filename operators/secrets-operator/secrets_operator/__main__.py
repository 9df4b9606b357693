"""The operator's process."""

from __future__ import annotations

import sys

from operator_kit import runtime
from secrets_operator.controller import Controller

NAME = "hera-secrets-operator"


def main() -> int:
    """Run until SIGTERM."""
    return runtime.run(NAME, runtime.arguments(NAME).parse_args(), Controller)


if __name__ == "__main__":
    sys.exit(main())

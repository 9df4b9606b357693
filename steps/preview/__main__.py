"""`python -m steps.preview ACTION`."""

from steps.common.command import run
from steps.preview.run import ACTIONS

run(ACTIONS)

"""`python -m steps.lifecycle ACTION`."""

from steps.common.command import run
from steps.lifecycle.run import ACTIONS

run(ACTIONS)

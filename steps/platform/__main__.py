"""`python -m steps.platform ACTION`."""

from steps.common.command import run
from steps.platform.contract import STAGE
from steps.platform.run import ACTIONS

run(ACTIONS, STAGE)

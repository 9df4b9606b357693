"""`python -m steps.network ACTION`."""

from steps.common.command import run
from steps.network.contract import STAGE
from steps.network.run import ACTIONS

run(ACTIONS, STAGE)

"""`python -m steps.cluster ACTION`."""

from steps.cluster.contract import STAGE
from steps.cluster.run import ACTIONS
from steps.common.command import run

run(ACTIONS, STAGE)

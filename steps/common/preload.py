"""Loads what steps load when they need it, for a process that forks steps: there, sooner is cheaper.

A step in a container never imports this.
"""

import infra.plans.html
import infra.simulator.environment
import infra.spec.load
import steps.common.command
from infra import providers

for _name in providers.names():
    providers.get(_name)

__all__ = ["infra", "steps"]

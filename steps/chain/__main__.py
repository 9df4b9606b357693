"""`python -m steps.chain LINK…`."""

from steps.chain.run import run

run()

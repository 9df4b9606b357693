"""What surrounds the stages: admission and the cluster's lock, draining, proof of deletion, the record of the outcome."""

from __future__ import annotations

from steps.contract import Step

ADMIT = Step("steps.lifecycle", "admit", parameters=("operation",))
"""Validates the spec, checks credentials, takes the cluster's lock for this run; `operation` is `create`, `delete` or `drift`."""
DRAIN = Step("steps.lifecycle", "drain", parameters=("unprotect",), retry=True, minutes=60)
"""Refuses a protected cluster unless `unprotect` is `true`; removes what Kubernetes made in the cloud."""
PROVE = Step("steps.lifecycle", "prove", artifacts=("left.json",), retry=True)
"""Asks the cloud by ownership tag; fails with LEFT_BEHIND when anything is left; else closes the ledger."""
RECORD = Step("steps.lifecycle", "record", parameters=("operation", "status", "failures"))
"""The exit handler: writes the run's outcome to the ledger and releases the lock."""

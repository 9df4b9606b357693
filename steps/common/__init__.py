"""What all steps share: context, events, terraform, ledger, the work of a stage."""

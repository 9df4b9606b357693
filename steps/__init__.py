"""What the containers run: one folder a step, each with a typed contract, the work, and the command."""

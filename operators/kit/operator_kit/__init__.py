"""What operators share, so that each holds only what it is for: docs/writing-an-operator.md shows how the pieces fit."""

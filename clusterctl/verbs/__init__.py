"""One file a verb: `add_arguments(parser)` and `run(args) -> exit code`. The module's docstring is its help text."""

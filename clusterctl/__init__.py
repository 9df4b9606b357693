"""The command line: the outermost layer. Verbs are in `clusterctl.verbs`; what they share is beside it."""

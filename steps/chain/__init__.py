"""Several steps in one container, one after the other."""

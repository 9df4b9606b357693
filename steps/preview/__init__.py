"""The plan of all stages as a container."""

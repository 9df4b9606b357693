"""Admission, draining, proof and record as a container."""

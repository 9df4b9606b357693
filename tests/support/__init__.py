"""What several test suites share: running the command as a user does, and comparing the simulated cloud with the states."""

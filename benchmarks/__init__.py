"""Figures, each measured beside a named peer in one run and reported as a ratio; the budgets come from the issues."""

"""Long campaigns with a seed, a resume file and a report; `make soak` runs them, `make test` a fixed small sample."""

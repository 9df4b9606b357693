"""What maintainers run: generators, the demo, pictures."""

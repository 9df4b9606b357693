"""Plans as data: what terraform will do, what a reviewer looks at first, what it costs, and a page to look at."""

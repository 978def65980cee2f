"""One machine, nothing installed: what `make run` and the tests start, never used in production."""

"""What `make run` and the tests start."""

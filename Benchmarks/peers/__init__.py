"""The systems that `make bench-peers` measures, one module each."""

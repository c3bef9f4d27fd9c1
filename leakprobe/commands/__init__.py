"""The commands that ask a running service: the same answers as `curl`, without its options."""

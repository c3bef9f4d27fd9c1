"""What the pytest plugin does while `--detect-leaks` is on, one job per module."""

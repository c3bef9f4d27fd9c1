"""Find memory leaks in a live Python service."""

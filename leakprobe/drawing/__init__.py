"""Graphviz text to a picture, outside the watched process."""

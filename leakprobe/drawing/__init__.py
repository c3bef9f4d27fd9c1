"""Graphviz text to a picture, outside the watched process."""

from leakprobe.drawing.backends import Picture, drawing_backend
from leakprobe.drawing.pictures import draw

__all__ = ["Picture", "draw", "drawing_backend"]

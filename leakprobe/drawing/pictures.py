"""Draws a graph in a process of its own and trusts nothing that comes back."""

from leakprobe.drawing.backends import Picture, drawing_command
from leakprobe.drawing.child import run_child
from leakprobe.drawing.svg import safe_svg
from leakprobe.errors import NotAvailable

__all__ = ["draw"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def draw(dot: str, picture: Picture, *, timeout_s: float = 20.0) -> bytes:
    """The graph that the DOT text describes, as a PNG or SVG file.

    Blocks until the picture is there: not for an event loop. A PNG has twice the usual
    resolution and at most 8000 by 4000 pixels; an SVG has no script and refers to
    nothing outside itself.

    Args:
        dot: Graphviz text, such as `graph_dot` writes.
        picture: `png` or `svg`.
        timeout_s: after so many seconds the drawing process is killed.

    Raises:
        NotAvailable: nothing here can draw, or it failed; one line says what helps.
    """
    drawn = run_child(drawing_command(picture), dot.encode(errors="replace"), timeout_s=timeout_s)
    if picture == "svg":
        return safe_svg(drawn)
    if not drawn.startswith(PNG_SIGNATURE):
        raise NotAvailable("drawing failed: no PNG came back; format=text and format=dot work")
    return drawn

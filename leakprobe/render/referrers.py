"""What keeps the objects of a type alive."""

from urllib.parse import quote

from leakprobe.codec import to_json
from leakprobe.model import ReferrerGraph
from leakprobe.render.graph import graph_text
from leakprobe.render.json import Document, document
from leakprobe.render.page import Hint, Lines, Page, Picture, Section

__all__ = ["referrers_document", "referrers_page"]


def referrers_page(graph: ReferrerGraph, *, picture: str = "svg", query: str = "") -> Page:
    """The ways from roots to the objects, in words, then as a picture.

    Args:
        graph: who refers to whom.
        picture: format of the picture; empty: none.
        query: the rest of the query that asks for the same graph (`depth=8&limit=40`).
    """
    headline, _, body = graph_text(graph).partition("\n\n")
    same = f"/referrers?type={quote(graph.type, safe='', errors='backslashreplace')}"
    same += f"&{query}" if query else ""
    sections: list[Section] = [Lines("", tuple(body.splitlines()))] if body else []
    if picture:
        alternative = "objects as boxes, an arrow from each holder to what it holds"
        sections.append(Picture("Picture", f"{same}&format={picture}", alternative))
    hints = (
        Hint(f"{same}&format=png", "the picture, to save"),
        Hint(f"{same}&format=dot", "the graph for Graphviz"),
    )
    title = "Who holds it"
    return Page(title, headline.replace("\n", " "), tuple(sections), "/referrers", hints)


def referrers_document(graph: ReferrerGraph, *, pid: int) -> Document:
    """The graph as data: nodes, edges, and the paths from roots in words."""
    fields = to_json(graph)
    assert isinstance(fields, dict)  # a dataclass's JSON is an object
    return document(pid, **fields)

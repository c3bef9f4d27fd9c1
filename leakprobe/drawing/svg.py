"""An SVG that a browser may open next to the debug page: shapes and text, nothing else.

Graphviz writes links, comments and the address of a DTD. Here the file is read and
written anew with the elements and attributes that a drawing needs; what is not on the
list is gone, also what a future Graphviz may invent.
"""

from xml.etree import ElementTree as ET

from leakprobe.errors import NotAvailable

__all__ = ["safe_svg"]

NAMESPACE = "http://www.w3.org/2000/svg"
ELEMENTS = frozenset({"g", "path", "polygon", "polyline", "ellipse", "circle", "rect", "text"})
KEEP_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
ATTRIBUTES = frozenset(
    {
        KEEP_SPACE,
        *("width", "height", "viewBox", "transform", "class"),
        *("x", "y", "cx", "cy", "r", "rx", "ry", "d", "points"),
        *("fill", "fill-opacity", "stroke", "stroke-opacity", "stroke-width", "stroke-dasharray"),
        *("text-anchor", "font-family", "font-size", "font-style", "font-weight"),
    }
)


def safe_svg(svg: bytes) -> bytes:
    """The same drawing without scripts, links, styles and references.

    Raises:
        NotAvailable: it is no SVG.
    """
    try:
        read = ET.fromstring(svg)  # noqa: S314 - from our own child, at most 32 MB; expat limits entities
    except ET.ParseError:
        read = ET.Element("")
    if _local(read.tag) != "svg":
        raise NotAvailable("drawing failed: no SVG came back; format=text and format=dot work")
    written = ET.Element("svg", {"xmlns": NAMESPACE, **_kept(read)})
    _copy(read, written)
    safe: bytes = ET.tostring(written, encoding="utf-8", xml_declaration=True)
    return safe


def _copy(read: ET.Element, written: ET.Element) -> None:
    for child in read:
        name = _local(child.tag)
        if name == "a":  # a link: what it encloses is drawn, where it leads is not
            _copy(child, written)
        elif name in ELEMENTS:
            copied = ET.SubElement(written, name, _kept(child))
            copied.text, copied.tail = child.text, "\n"
            _copy(child, copied)


def _kept(element: ET.Element) -> dict[str, str]:
    return {
        name: value
        for name, value in element.items()
        if name in ATTRIBUTES and "url(" not in value.lower()
    }


def _local(tag: str) -> str:
    return tag.removeprefix(f"{{{NAMESPACE}}}")

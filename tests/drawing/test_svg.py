import pytest

from leakprobe.drawing.svg import safe_svg
from leakprobe.errors import NotAvailable

HOSTILE = b"""<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<!-- a comment -->
<svg width="8pt" height="4pt" onload="evil()" xmlns="http://www.w3.org/2000/svg"
 xmlns:xlink="http://www.w3.org/1999/xlink">
<title>evil</title><script>evil()</script><style>@import "evil";</style>
<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">evil</body></foreignObject>
<image xlink:href="http://evil/"/><use xlink:href="#evil"/>
<a xlink:href="javascript:evil()"><text x="1" style="evil">linked</text></a>
<g fill="URL(http://evil/)" stroke="red"><text xml:space="preserve">  kept  </text></g>
</svg>"""


def test_only_shapes_and_text_are_left() -> None:
    safe = safe_svg(HOSTILE).decode()
    assert "evil" not in safe
    assert "<!" not in safe
    assert '<svg xmlns="http://www.w3.org/2000/svg" width="8pt" height="4pt">' in safe
    assert '<text x="1">linked</text>' in safe
    assert '<g stroke="red"><text xml:space="preserve">  kept  </text>' in safe


def test_what_is_made_safe_stays_as_it_is() -> None:
    once = safe_svg(HOSTILE)
    assert safe_svg(once).split() == once.split()


@pytest.mark.parametrize(
    "other", [b"", b"<svg", b"<html/>", b"\x89PNG", b"<!DOCTYPE svg [<!ENTITY a 'b'>]><a>&a;</a>"]
)
def test_another_file_is_refused(other: bytes) -> None:
    with pytest.raises(NotAvailable, match="no SVG came back"):
        safe_svg(other)

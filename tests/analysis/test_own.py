import pytest

from leakprobe.analysis.own import drop_own_stacks
from tests.making import a_stack, live

OWN = "/site-packages/leakprobe"
MIDDLEWARE = f"{OWN}/web/middleware.py"
APP = "/srv/app.py"


@pytest.mark.parametrize("prefix", [OWN, f"{OWN}/"])
@pytest.mark.parametrize(
    ("files", "stays"),
    [
        ([APP], True),
        ([APP, MIDDLEWARE, "/uvicorn/main.py"], True),
        (["/lib/json.py", APP, MIDDLEWARE], True),
        ([f"{OWN}/examples/subtitle_service.py", MIDDLEWARE], True),
        (["/site-packages/leakprobe_plugin/x.py"], True),
        ([], True),
        ([f"{OWN}/history.py"], False),
        (["/lib/threading.py", f"{OWN}/agent/sampler.py", "/lib/threading.py"], False),
        ([MIDDLEWARE, "/uvicorn/main.py"], False),
        ([APP, f"{OWN}/web/app.py", MIDDLEWARE], False),
    ],
)
def test_a_stack_of_ours_is_left_out(prefix: str, files: list[str], stays: bool) -> None:
    stack = live(a_stack(*((file, 1, "f") for file in files)), 8)
    assert drop_own_stacks([stack], prefix, {MIDDLEWARE}) == ((stack,) if stays else ())


def test_the_others_keep_their_order() -> None:
    app = [live(a_stack((APP, line, "f")), 8) for line in (3, 1, 2)]
    ours = live(a_stack((f"{OWN}/codec.py", 1, "f")), 8)
    assert drop_own_stacks([app[0], ours, app[1], app[2]], OWN, ()) == tuple(app)

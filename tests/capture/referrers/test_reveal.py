"""Without `reveal` no data of the application is shown; with it, only what is safe to show."""

import json
import sys
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest

from leakprobe.capture.referrers.labels import revealed
from leakprobe.capture.referrers.search import find_referrers
from leakprobe.codec import encode
from leakprobe.model import ReferrerGraph
from tests.hostile import alive_zoo
from tests.native import needs_heap_walk

Find = Callable[..., ReferrerGraph]

SECRET = "s3cr3t-k3y"
NUMBER = 918273645


class Patient:
    pass


class Record:
    pass


APP = ModuleType("revealing_app")


def plant() -> None:
    patient = Patient()
    record = Record()
    record.__dict__[SECRET] = patient
    APP.records = {SECRET: [SECRET, NUMBER, (patient,)]}  # type: ignore[attr-defined]
    APP.by_number = {NUMBER: record}  # type: ignore[attr-defined]
    vars(APP)[f"{SECRET} in a global"] = [patient]


@pytest.fixture(autouse=True)
def app() -> Iterator[None]:
    sys.modules["revealing_app"] = APP
    plant()
    yield
    del sys.modules["revealing_app"]
    vars(APP).clear()


@pytest.fixture(params=["python", pytest.param("native", marks=needs_heap_walk)])
def find(request: pytest.FixtureRequest) -> Find:
    """Both implementations, one after the other."""
    if request.param == "python":
        return find_referrers
    from leakprobe.capture.referrers import forked

    return forked.find_referrers


def encoded(find: Find, *, reveal: bool, name: str = f"{__name__}.Patient") -> str:
    graph = find(name, reveal=reveal)
    return json.dumps(encode(graph))


def test_no_key_value_or_index_is_shown(find: Find) -> None:
    text = encoded(find, reveal=False)
    assert "revealing_app.records" in text
    assert SECRET not in text
    assert str(NUMBER) not in text
    assert "[2]" not in text


def test_no_target_is_shown(find: Find) -> None:
    assert SECRET not in encoded(find, reveal=False, name="str")


def test_keys_and_indexes_are_shown_with_reveal(find: Find) -> None:
    text = encoded(find, reveal=True)
    assert f"revealing_app.records['{SECRET}'][2][0]" in text


def test_an_attribute_that_is_no_identifier_is_data(find: Find) -> None:
    texts = {p.text for p in find(f"{__name__}.Patient").paths}
    ways = {"[…][…]", ".by_number[…][…]", ".records[…][…][…]"}
    assert texts == {f"revealing_app{way}" for way in ways}


@pytest.mark.parametrize(
    ("o", "shown"),
    [
        ("a\nb", "'a\\nb'"),
        ("x" * 1000, "'" + "x" * 58 + "…"),
        (12, "12"),
        (b"\x00", "b'\\x00'"),
        (1.5, "1.5"),
        (True, "True"),
        (None, "None"),
        (1 << 5000, "a large int"),
        ([], None),
        (Patient, None),
    ],
)
def test_only_exact_atoms_are_revealed(o: object, shown: str | None) -> None:
    assert revealed(o) == shown


def test_nothing_hostile_is_revealed() -> None:
    with alive_zoo() as animals:
        shown = [revealed(animal) for animal in animals]
    assert set(shown) == {None}

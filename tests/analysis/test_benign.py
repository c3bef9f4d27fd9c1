"""Known-benign growth is data: it is read strictly, and matched by glob."""

from importlib.resources import files

import pytest

from leakprobe.analysis.benign import Benign, explanation, parse_benign

ENTRY = """
[[benign]]
name = "patterns"
reason = "re keeps 512 of them"
source = "Lib/re"
types = ["re.Pattern"]
sites = ["*/re/_parser.py"]
holders = ["re._cache*"]
"""


def test_an_entry_is_read() -> None:
    assert parse_benign(ENTRY) == (
        Benign(
            "patterns",
            "re keeps 512 of them",
            "Lib/re",
            ("re.Pattern",),
            ("*/re/_parser.py",),
            ("re._cache*",),
        ),
    )


def test_an_empty_file_has_no_entries() -> None:
    assert parse_benign("") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("benign = 1", "must be a list"),
        ("benign = [1]", "entry 1 is not a table"),
        ("other = 1", "no such table: other"),
        (ENTRY + "colour = 'red'", "entry 1 has unknown keys: colour"),
        (ENTRY.replace('reason = "re keeps 512 of them"', ""), "entry 1: reason must be"),
        (ENTRY.replace('"Lib/re"', '" "'), "entry 1: source must be"),
        (ENTRY.replace('["re.Pattern"]', '"re.Pattern"'), "entry 1: types must be a list"),
        (ENTRY.replace('["re.Pattern"]', "[1]"), "entry 1: types must be a text"),
        ('[[benign]]\nname="n"\nreason="r"\nsource="s"', "has none of types, sites, holders"),
        ("[[benign", "Expected"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_benign(text)


@pytest.mark.parametrize(
    ("types", "sites", "holders"),
    [
        (["re.Pattern"], [], []),
        ([], ["/usr/lib/python3.12/re/_parser.py"], []),
        ([], [], ["re._cache[…]"]),
    ],
)
def test_one_pattern_that_matches_is_enough(
    types: list[str], sites: list[str], holders: list[str]
) -> None:
    entries = parse_benign(ENTRY)
    assert explanation(entries, types=types, files=sites, holders=holders) == entries[0]


def test_what_no_pattern_describes_is_not_explained() -> None:
    found = explanation(
        parse_benign(ENTRY), types=["app.Pattern"], files=["/srv/app.py"], holders=["app._cache"]
    )
    assert found is None


def test_the_packaged_entries_can_be_read_and_give_their_reasons() -> None:
    text = files("leakprobe.analysis").joinpath("benign.toml").read_text("utf-8")
    entries = parse_benign(text)
    assert len(entries) == text.count("[[benign]]") > 5
    assert len({entry.name for entry in entries}) == len(entries)
    assert explanation(entries, holders=["linecache.cache[…]"]) is not None
    assert explanation(entries, types=["app.Order"], holders=["app.orders"]) is None

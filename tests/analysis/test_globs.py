import fnmatch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.analysis.globs import glob_matches, selector

parts = st.text("ab.", min_size=1, max_size=4)
paths = st.lists(parts, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("app.py", "/srv/app.py", True),
        ("app.py", "app.py", True),
        ("app.py", "/srv/myapp.py", False),
        ("app.py", "/srv/app.py/other", False),
        ("api/users.py", "/srv/api/users.py", True),
        ("api/users.py", "/srv/myapi/users.py", False),
        ("*/app/*", "/srv/app/main.py", True),
        ("*/app/*", "/srv/app/api/v1/users.py", True),
        ("*/app/*", "/srv/application/main.py", False),
        ("app/*", "/srv/app/api/users.py", True),
        ("app/", "/srv/app/api/users.py", True),
        ("app/", "/srv/app", False),
        ("*.py", "/srv/app.py", True),
        ("*.py", "/srv/app.pyc", False),
        ("/srv/*", "/srv/app.py", True),
        ("/srv/*", "/home/srv/app.py", False),
        ("a??.py", "/srv/app.py", True),
        ("[a-b]pp.py", "/srv/app.py", True),
        ("APP.py", "/srv/app.py", False),
        ("<string>", "<string>", True),
        ("<frozen *>", "<frozen importlib._bootstrap>", True),
        ("shop.*", "shop.models.Order", True),
        ("shop.*", "workshop.models.Order", False),
        ("", "/srv/app.py", False),
    ],
)
def test_a_glob_does_what_a_person_expects(pattern: str, path: str, expected: bool) -> None:
    assert glob_matches(pattern, path) is expected


@given(paths, paths)
@settings(deadline=None)
def test_a_plain_name_matches_the_path_that_ends_in_it_and_no_other(end: str, path: str) -> None:
    assert glob_matches(end, f"/{end}")
    assert glob_matches(end, f"/srv/{path}/{end}")
    assert glob_matches(end, path) is (path == end or path.endswith(f"/{end}"))


@given(st.text("ab*?[]!/", max_size=8), paths)
@settings(deadline=None)
def test_what_the_shell_would_match_matches_here_too(pattern: str, path: str) -> None:
    if fnmatch.fnmatchcase(path, pattern):
        assert glob_matches(pattern, path)


def test_a_selector_takes_what_is_included_and_not_excluded() -> None:
    takes = selector(("*/app/*", "worker.py"), ("*/tests/*",))
    assert takes(["/srv/app/main.py"])
    assert takes(["/srv/worker.py"])
    assert takes(["/usr/lib/json.py", "/srv/app/main.py"])
    assert not takes(["/usr/lib/json.py"])
    assert not takes(["/srv/app/main.py", "/srv/app/tests/test_main.py"])
    assert not takes([])


def test_a_selector_without_patterns_takes_everything() -> None:
    assert selector((), ())([])
    assert selector((), ())(iter(["/srv/app.py"]))


@pytest.mark.timeout(60)
def test_hostile_patterns_and_names_come_to_an_end() -> None:
    assert not glob_matches("*a" * 100 + "b", "/" + "a" * 10_000)
    assert not glob_matches("a*" * 50 + "b", "/".join(["a" * 20] * 200))

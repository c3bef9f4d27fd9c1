"""Suspects without a line get the function that answers their route."""

from dataclasses import replace

from leakprobe.agent.answering import with_handlers, with_lines
from leakprobe.model import DiffRow, Handler
from tests.render.samples import REPORT

ASKED = Handler("POST /asr", "/srv/app/api/speech.py", 40, 60)


def advice(*, sited: bool, route: str = "POST /asr") -> str:
    first = REPORT.suspects[0]
    routes = tuple(replace(one, route=route, share=0.9) for one in first.routes[:1])
    assert first.site is not None
    suspect = replace(first, site=first.site if sited else None, routes=routes, advice="Free it.")
    found = with_handlers(replace(REPORT, suspects=(suspect,)), [ASKED])
    return found.suspects[0].advice


def test_the_function_behind_the_route_is_named() -> None:
    assert advice(sited=False) == "Free it. POST /asr is answered by api/speech.py:40."


def test_a_known_line_says_more() -> None:
    assert advice(sited=True) == "Free it."


def test_nothing_is_said_of_routes_whose_function_is_not_known() -> None:
    assert advice(sited=False, route="untagged") == "Free it."


def row(file: str, grown: int) -> DiffRow:
    return DiffRow(file, 43, "transcribe", None, None, None, grown, grown, 0, 1, 1, None, None)


def advised(*rows: DiffRow) -> list[str]:
    first, *others = REPORT.suspects
    suspects = (replace(first, site=None, advice="Free it."), *others)
    found = with_lines(replace(REPORT, suspects=suspects), rows)
    assert found.suspects[1:] == tuple(others)
    return found.suspects[0].advice.split("Free it.", 1)[1:]


def test_the_line_that_grew_most_is_named_where_nobody_knows_whose_it_is() -> None:
    library = row("/usr/lib/python3.11/json/decoder.py", 9000)
    assert advised(library, row("/srv/app/api/speech.py", 500)) == [
        " Of the application's lines api/speech.py:43 transcribe has grown most since the baseline."
    ]


def test_no_line_is_named_where_none_grew_or_all_are_known() -> None:
    assert advised(row("/srv/app/api/speech.py", -1)) == [""]
    assert with_lines(REPORT, [row("/srv/app/a.py", 1)]) == REPORT

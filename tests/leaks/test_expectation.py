"""The judge of the judge: an answer that is wrong in any one thing is called wrong."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.leaks.cases.results_dictionary import CASE
from tests.leaks.expectation import Answer, wrong_about
from tests.leaks.truth import Leak


def planted() -> Leak:
    assert CASE.leak is not None
    return CASE.leak


RIGHT: Answer = {
    "verdict": {"state": "leak", "resource": "python", "reason": "grew in 8 of 8 windows"},
    "suspects": [
        {
            "resource": "python",
            "state": "leak",
            "site": {"file": str(CASE.file), "line": min(CASE.lines), "function": "transcribe"},
            "types": [{"type": planted().types[0]}],
            "holders": [
                {
                    "text": "tests.leaks.cases.results_dictionary.task_results[…]",
                    "kind": "module global",
                }
            ],
            "routes": [
                {
                    "route": "POST /asr",
                    "share": 0.92,
                    "bytes_per_request": 90_000.0,
                    "objects_per_request": 1.1,
                },
                {"route": "untagged", "share": 0.08},
            ],
            "reason": "it grows",
            "advice": "remove entries",
        }
    ],
}


def suspect(answer: Answer) -> dict[str, Any]:
    found: dict[str, Any] = answer["suspects"][0]
    return found


def test_the_right_answer_is_right() -> None:
    assert wrong_about(CASE, planted(), RIGHT) == ()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda answer: answer["verdict"].update(state="suspect"), "verdict suspect"),
        (lambda answer: answer["verdict"].update(resource="fds"), "verdict's resource"),
        (lambda answer: answer["suspects"].append(RIGHT["suspects"][0]), "another leak"),
        (lambda answer: suspect(answer).update(resource="native"), "resource native"),
        (lambda answer: suspect(answer).update(site=None), "site None"),
        (lambda answer: suspect(answer)["site"].update(line=1), "site results_dictionary.py:1"),
        (lambda answer: suspect(answer)["site"].update(file="/other.py"), "site other.py"),
        (lambda answer: suspect(answer)["types"][0].update(type="dict"), "types ['dict']"),
        (lambda answer: suspect(answer)["holders"][0].update(text="app.other"), "app.other"),
        (lambda answer: suspect(answer)["holders"][0].update(kind="closure"), "kind of holder"),
        (lambda answer: suspect(answer).update(routes=[]), "routes []"),
        (lambda answer: suspect(answer)["routes"][0].update(route="GET /"), "GET /"),
        (lambda answer: suspect(answer)["routes"][1].update(share=0.2), "untagged is charged"),
        (
            lambda answer: suspect(answer)["routes"][0].update(bytes_per_request=70_000),
            "70000 bytes",
        ),
        (
            lambda answer: suspect(answer)["routes"][0].update(objects_per_request=None),
            "None objects",
        ),
        (lambda answer: suspect(answer).update(advice=""), "no advice"),
    ],
)
def test_one_wrong_thing_is_told(spoil: Callable[[Answer], None], said: str) -> None:
    answer = copy.deepcopy(RIGHT)
    spoil(answer)
    (wrong,) = wrong_about(CASE, planted(), answer)
    assert said in wrong

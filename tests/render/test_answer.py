import json

import pytest

from leakprobe.render.answer import write_answer
from tests.render.samples import Everything, answers_of

ANSWERS = answers_of(Everything())


@pytest.mark.parametrize("name", ANSWERS)
def test_each_answer_in_each_form(name: str) -> None:
    answer = ANSWERS[name]
    forms = {
        form: write_answer(answer, form, base="/debug/memory", nonce="n", here="/here")
        for form in ("text", "json", "html", "csv")
    }
    assert forms["text"].endswith(b"\n")
    assert json.loads(forms["json"])["schema"] == 1
    assert forms["html"].startswith(b"<!doctype html>")


def test_csv_is_the_first_table_or_nothing() -> None:
    def as_csv(name: str) -> bytes:
        return write_answer(ANSWERS[name], "csv", base="", nonce="")

    assert as_csv("types").startswith(b"objects_diff,objects,owned_bytes_diff,")
    assert as_csv("done") == b""

"""What the pages and documents about retained memory say."""

import json
from dataclasses import replace

import pytest
from hypothesis import given

from leakprobe.model import (
    Frame,
    HeapTotals,
    HolderPath,
    Owner,
    Price,
    Retained,
    RetainedObject,
    TypeCount,
)
from leakprobe.render.answer import Answer, write_answer
from leakprobe.render.html import page_html
from leakprobe.render.json import json_bytes
from leakprobe.render.plain import columns_of
from leakprobe.render.retained import retained_document, retained_page
from leakprobe.render.text import WIDTH, page_text
from tests.render.samples import of_everything, strategy

TOTALS = HeapTotals(412_000, 300_000, 900_000, 40_000_000, 120, 1 << 20, 30, 2048, 900, 1 << 19)
PATH = HolderPath("app.task_results[…].result", ("module app", "attribute result"), 1200)
STACK = (Frame("/srv/app/tasks/app.py", 42, "f"), Frame("/srv/app/tasks/main.py", 88, "run"))
BY_OBJECT = Retained(
    "object",
    TOTALS,
    (
        RetainedObject("builtins.dict", "1,200 entries", 1, 18_000, 61_000_000, "module", PATH),
        RetainedObject("app.Job", "", 12, 48, 9_000, "c_held", None),
        RetainedObject("app.Node", "", 1, 48, 900, "garbage", None),
    ),
    (),
    (),
    7,
    Price(4.2, 330.0, 3.0, 310.0, 96 << 20),
)
BY_TYPE = replace(
    BY_OBJECT,
    by="type",
    objects=(),
    types=(TypeCount("app.TaskResult", 1200, 57_600, 61_440_000, 61_500_000),),
    hidden_rows=0,
)
OWNERS = (
    Owner(STACK[0], STACK, "POST /asr", "app.Result", PATH, 1200, 4_300_000, 420_000, 60),
    Owner(STACK[0], STACK[:1], None, "app.Job", None, 10, 70_000, 66_000, 1),
    Owner(None, (), None, None, None, 3, 66_000, 66_000, 1),
)
BY_LINE = replace(BY_OBJECT, by="line", objects=(), owners=OWNERS, hidden_rows=0)


def test_objects_say_what_would_go_with_them_and_who_holds_them() -> None:
    assert page_text(retained_page(BY_OBJECT, limit=3), base="/m") == (
        "412,000 objects of 38.1 MiB, the first 3 by what would be freed with each.\n"
        "\n"
        "retained   shallow  objects  type           which          held by\n"
        "58.2 MiB  17.6 KiB        1  builtins.dict  1,200 entries  app.task_results[…].result\n"
        " 8.8 KiB      48 B       12  app.Job        -              C code, out of Python's sight\n"
        "   900 B      48 B        1  app.Node       -              nothing: it waits for the"
        " collector\n"
        "… 7 more rows: limit=3 cut the list\n"
        "Held by C code alone: 120 objects, 1.0 MiB. Garbage that waits for the collector: 30"
        " objects, 2.0\n"
        "KiB. Not counted, leakprobe's own: 900 objects, 512 KiB.\n"
        "The application was held for 4.2 ms; a copy of the process worked for 310 ms and took"
        " up to 96.0\n"
        "MiB, most of it shared.\n"
        "\n"
        "Next\n"
        "  GET /m/retained?by=type  types by what would be freed with their objects\n"
        "  GET /m/retained?by=line\n"
        "      lines of code, the objects that their memory belongs to, and who holds them\n"
        "  GET /m/referrers?type=…  who keeps objects of a type alive\n"
    )


def test_types_say_what_would_go_with_all_of_them() -> None:
    lines = page_text(retained_page(BY_TYPE)).splitlines()
    assert lines[0] == (
        "412,000 objects of 38.1 MiB in 1 type, all by what would be freed with all of each."
    )
    assert lines[2:4] == [
        "retained   shallow  objects  type",
        "58.7 MiB  56.2 KiB    1,200  app.TaskResult",
    ]


def test_a_line_says_its_error_its_type_and_its_holder() -> None:
    text = page_text(retained_page(BY_LINE))
    assert text.splitlines()[2:10] == [
        "             live  objects  allocated by           belongs to",
        "  ≈ 4.1 ± 0.4 MiB  ≈ 1,200  app/tasks/app.py:42 f  app.Result",
        "      held by app.task_results[…].result",
        "      for POST /asr",
        "≈ 68.4 ± 64.5 KiB     ≈ 10  app/tasks/app.py:42 f  app.Job",
        "      no way from a root was found: C code holds it, or it waits for the collector",
        "≈ 64.5 ± 64.5 KiB      ≈ 3  -                      -",
        "      no object was found for this memory: C code has it",
    ]


def test_nothing_sampled_is_said() -> None:
    text = page_text(retained_page(replace(BY_LINE, owners=())))
    assert "no samples are live" in text


def test_the_page_leads_to_the_holders_and_to_the_other_ways() -> None:
    html = page_html(retained_page(BY_TYPE), base="/m", nonce="n").decode()
    for link in (
        "/m/referrers?type=app.TaskResult",
        "/m/retained?by=object",
        "/m/retained?by=line",
    ):
        assert f'href="{link}"' in html
    assert 'href="/m/retained" aria-current="page"' in html


@pytest.mark.parametrize(
    ("retained", "keys"),
    [
        (BY_OBJECT, {"type", "label", "objects", "bytes", "retained_bytes", "state", "path"}),
        (
            BY_TYPE,
            {
                *("type", "objects", "bytes", "owned_bytes", "retained_bytes"),
                *("garbage_objects", "garbage_bytes", "c_held_objects"),
            },
        ),
        (
            BY_LINE,
            {
                *("site", "stack", "route", "type", "path"),
                *("objects", "bytes", "bytes_error", "samples"),
            },
        ),
    ],
    ids=lambda value: value.by if isinstance(value, Retained) else "",
)
def test_a_document_carries_all_fields_of_the_model(retained: Retained, keys: set[str]) -> None:
    loaded = json.loads(json_bytes(retained_document(retained, pid=7)))
    assert (loaded["schema"], loaded["pid"], loaded["by"]) == (1, 7, retained.by)
    assert loaded["totals"]["garbage_objects"] == 30
    assert loaded["hidden_rows"] == retained.hidden_rows
    assert loaded["price"]["child_cpu_ms"] == 310.0
    assert loaded["rows"]
    assert all(set(row) == keys for row in loaded["rows"])


@given(strategy(Retained))
@of_everything
def test_hostile_names_stay_text(retained: Retained) -> None:
    for by in ("object", "type", "line"):
        one = replace(retained, by=by)
        answer = Answer(retained_document(one, pid=1), retained_page(one))
        for line in page_text(answer.page).split("\n"):
            assert len(line) <= columns_of(line) <= WIDTH
            assert line.isprintable()
        html = write_answer(answer, "html", base="/m", nonce="n", here="/retained")
        assert b"<img" not in html
        assert b"<script" not in html
        json.loads(write_answer(answer, "json", base="/m", nonce="n"), parse_constant=pytest.fail)

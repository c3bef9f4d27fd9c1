"""What the page about suspects says: the verdict first, then all that is known."""

import json
from dataclasses import replace

import pytest

from leakprobe.codec import decode
from leakprobe.model import MemoryGrowth, Report, Suspect, SuspectGrowth
from leakprobe.render.html import page_html
from leakprobe.render.json import json_bytes
from leakprobe.render.suspects import suspects_document, suspects_page, suspects_table
from leakprobe.render.text import page_text
from leakprobe.render.verdict import memory_table, verdict_sentence
from tests.render.samples import MEMORY, REPORT, SUSPECTS, VERDICT

CONTRACT = {
    "verdict": {
        "state", "resource", "confidence", "reason", "smallest_detectable_bytes_per_request",
        "seconds_to_limit",
    },
    "memory": {
        "rss_bytes", "python_bytes", "native_bytes", "allocator_free_bytes", "file_bytes",
        "growth_bytes_per_hour",
    },
    "suspect": {
        "rank", "fingerprint", "resource", "state", "confidence", "growth", "site", "types",
        "holders", "routes", "advice",
    },
    "growth": {"bytes", "objects", "bytes_per_second", "bytes_per_request"},
    "site": {"file", "line", "function", "stack"},
    "types": {"type", "objects", "bytes"},
    "holders": {"text", "steps", "objects", "retained_bytes"},
    "routes": {"route", "share", "bytes_per_request"},
}  # fmt: skip


def text_of(report: Report) -> str:
    return page_text(suspects_page(report), base="/m")


def test_text_says_the_verdict_then_the_parts_then_each_suspect() -> None:
    text = text_of(REPORT)
    flat = " ".join(text.split())
    assert text.startswith("Leak of Python objects (99 % sure): grew in 12 of 12 windows, 512 KiB")
    assert "At this rate the memory limit is reached in 3 h 10 min." in flat
    order = [
        "Process 4242, up 61 s, 1,200 requests.",
        "native memory in use",
        "1. Leak: Python objects",
        "+586 MiB, +1,200 objects, 9.8 MiB per second, 500 KiB per request",
        "app/subtitles/main.py:88 asr (inside app/subtitles/tasks.py:142 TaskStore.finish)",
        "+1,200 app.TaskResult (+586 MiB), +9 builtins.str",
        "app.task_results[…].result (module global, 1,200 objects, 586 MiB would be freed",
        "POST /asr (99 %, 500 KiB per request [499 KiB to 501 KiB], by regression)",
        "untagged (1 %, 0.01 per request, by tags)",
        "remove entries when the request is done, or bound it.",
        "9f2c4be1a0d35577",
        "2. Growth, not yet proven: threads",
        "+40 threads",
        "not known yet",
        "/m/referrers?suspect=1",
    ]
    places = [flat.find(" ".join(part.split())) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)
    assert all(len(line) <= 100 for line in text.splitlines())


def test_json_has_every_field_of_the_contract_and_unknown_is_null() -> None:
    document = json.loads(json_bytes(suspects_document(REPORT, hidden=2)))
    assert (document["schema"], document["pid"], document["uptime_s"]) == (1, 4242, 61.2)
    assert (document["requests"], document["hidden_suspects"]) == (1200, 2)
    assert CONTRACT["verdict"] <= set(document["verdict"])
    assert CONTRACT["memory"] <= set(document["memory"])
    growth = {"rss", "python", "native", "allocator_free", "file"}
    assert growth <= set(document["memory"]["growth_bytes_per_hour"])
    first, second = document["suspects"]
    for suspect in (first, second):
        assert CONTRACT["suspect"] <= set(suspect)
        assert CONTRACT["growth"] <= set(suspect["growth"])
    assert CONTRACT["site"] <= set(first["site"])
    assert set(first["site"]["stack"][0]) == {"file", "line", "function"}
    for name in ("types", "holders", "routes"):
        assert CONTRACT[name] <= set(first[name][0])
    assert second["site"] is None
    assert second["growth"]["bytes"] is None
    assert decode(Report, document) == REPORT


def test_html_unfolds_stack_and_steps_and_offers_what_would_prove_it() -> None:
    html = page_html(suspects_page(REPORT), base="/m", nonce="n").decode()
    assert "<summary>3 lines</summary>" in html
    assert "starlette/routing.py:76" in html
    assert "global task_results" in html
    assert 'action="/m/gc"' in html
    assert 'action="/m/trim"' in html
    assert '<dl class="sentences">' in html


def test_nothing_suspected_is_said_and_no_suspect_is_linked() -> None:
    clear = replace(REPORT, suspects=())
    assert "suspect=1" not in text_of(clear)
    assert suspects_table(()).empty == "nothing is suspected"


def test_what_grows_without_any_number_is_unknown() -> None:
    nothing = SuspectGrowth(None, None, None, None)
    suspect = replace(SUSPECTS[1], growth=nothing)
    assert "grows         -" in text_of(replace(REPORT, suspects=(suspect,)))


@pytest.mark.parametrize(
    ("objects", "resource", "said"),
    [
        (1, "children", "+1 child"),
        (3, "children", "+3 children"),
        (1, "fds", "+1 descriptor"),
        (2, "tasks", "+2 tasks"),
        (5, "python", "+5 objects"),
    ],
)
def test_what_is_counted_is_named(objects: int, resource: str, said: str) -> None:
    growth = SuspectGrowth(None, objects, None, None)
    suspect: Suspect = replace(SUSPECTS[1], resource=resource, growth=growth)  # type: ignore[arg-type]  # one of Resource
    assert said in text_of(replace(REPORT, suspects=(suspect,)))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"confidence": 0.999}, "Leak of Python objects (more than 99 % sure): it grew."),
        ({"resource": None}, "Leak of memory (99 % sure): it grew."),
        ({"state": "suspect"}, "Growth of Python objects, not yet proven to be a leak: it grew."),
        ({"state": "no_leak", "resource": None}, "No leak: it grew."),
        ({"state": "inconclusive"}, "Too early to say: it grew."),
    ],
)
def test_the_verdict_is_one_sentence(changes: dict[str, object], said: str) -> None:
    verdict = replace(VERDICT, reason="it grew.", seconds_to_limit=None, **changes)  # type: ignore[arg-type]  # fields by name
    assert verdict_sentence(verdict) == said


def test_the_parts_add_up_to_the_total_and_unknown_ones_are_unknown() -> None:
    table = memory_table(MEMORY)
    assert table.total is not None
    sizes = [row.cells[0] for row in table.rows]
    assert sum(size for size in sizes if isinstance(size, int)) == table.total.cells[0]
    assert table.notes == MEMORY.advice
    unknown = replace(MEMORY, native_bytes=None, rss_bytes=0)
    assert memory_table(unknown).rows[1].cells[:2] == (None, None)
    growth = MemoryGrowth(*[None] * 6)
    assert memory_table(replace(MEMORY, growth_bytes_per_hour=growth)).rows[0].cells[2] is None

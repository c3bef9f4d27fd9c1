import json
import math
from dataclasses import replace

import pytest
from hypothesis import given

from leakprobe.errors import BadParameter, CaptureBusy
from leakprobe.model import Container
from leakprobe.render.album import snapshot_document
from leakprobe.render.answer import Answer
from leakprobe.render.json import document, json_bytes, json_moment, list_document
from leakprobe.render.results import refusal_document
from tests.render.samples import (
    SNAPSHOTS,
    THREADS,
    Everything,
    answers_of,
    hostile_answers,
    of_everything,
)

DIFF_ROW = {
    "file",
    "line",
    "function",
    "stack",
    "type",
    "route",
    "bytes",
    "bytes_diff",
    "bytes_error",
    "objects",
    "objects_diff",
    "bytes_per_second",
    "bytes_per_request",
}
ROWS = {
    "diff by line": DIFF_ROW,
    "types": {
        "type",
        "objects",
        "objects_diff",
        "bytes",
        "bytes_diff",
        "owned_bytes",
        "owned_bytes_diff",
        "retained_bytes",
    },
    "threads": {"name", "ident", "native_id", "daemon", "age_s", "cpu_s", "count", "stack"},
    "tasks": {"name", "coroutine", "state", "age_s", "count", "stack"},
    "routes": {
        "route",
        "requests",
        "errors",
        "seconds",
        "p50_s",
        "p95_s",
        "max_s",
        "live_bytes",
        "live_bytes_error",
        "bytes_diff",
        "bytes_diff_error",
        "bytes_per_request",
    },
    "snapshots": {
        "id",
        "label",
        "taken_at",
        "uptime_s",
        "requests",
        "rss_bytes",
        "has_stacks",
        "has_types",
        "pause_ms",
    },
    "history": {
        "taken_at",
        "uptime_s",
        "requests",
        "rss_bytes",
        "vms_bytes",
        "cpu_s",
        "threads",
        "fds",
        "children",
        "python_blocks",
        "traced_bytes",
        "gc_collections",
        "gc_uncollectable",
        "memory_limit_bytes",
        "memory_available_bytes",
    },
}


@given(hostile_answers)
@of_everything
def test_any_document_loads_strictly_and_rows_have_every_key(answers: dict[str, Answer]) -> None:
    for name, answer in answers.items():
        data = json_bytes(answer.document)
        assert data.isascii()
        assert data.endswith(b"\n")
        loaded = json.loads(data, parse_constant=pytest.fail)
        assert loaded["schema"] == 1
        for row in loaded["rows"] if name in ROWS else ():
            assert set(row) == ROWS[name]


def test_the_rows_of_lists_are_there() -> None:
    answers = answers_of(Everything())
    for name, keys in ROWS.items():
        rows = answers[name].document["rows"]
        assert isinstance(rows, list)
        assert all(isinstance(row, dict) and set(row) == keys for row in rows)
        assert rows


def test_a_diff_says_between_what() -> None:
    fields = dict(answers_of(Everything())["diff by line"].document)
    assert len(fields.pop("rows")) == 2  # type: ignore[arg-type]  # it is a list
    assert fields == {
        "schema": 1,
        "pid": 1,
        "from": {"id": "s1", "label": "start", "taken_at": "2026-11-20T20:41:55Z", "uptime_s": 0.1},
        "to": {"id": "n1", "label": None, "taken_at": "2026-11-20T20:42:57Z", "uptime_s": 61.3},
        "by": "line",
        "seconds": 61.2,
        "requests": 120,
        "totals": {"bytes_diff": 61_400_000, "bytes_error": 0, "objects_diff": 103},
        "hidden_rows": 213,
    }


def test_a_whole_snapshot() -> None:
    found = answers_of(Everything())["snapshot 2"].document
    assert found["requests"] == 3
    assert found["requests_by_route"] == {"POST /asr": 2, "/": 1}
    assert found["types"] == [
        {
            "type": "app.TaskResult",
            "objects": 3,
            "bytes": 100,
            "owned_bytes": 2000,
            "retained_bytes": None,
            "garbage_objects": 0,
            "c_held_objects": 0,
            "garbage_bytes": 0,
        }
    ]
    assert found["containers"] is None
    assert {"gauges", "stacks", "tracer", "price", "taken_at"} <= set(found)


def test_a_snapshot_says_how_long_containers_are_but_not_where() -> None:
    snapshot = replace(SNAPSHOTS[2], containers=(Container(4096, "builtins.dict", 40),))
    found = snapshot_document(snapshot, pid=1)["containers"]
    assert found == [{"type": "builtins.dict", "length": 40, "weak": False}]


def test_the_overview() -> None:
    found = json.loads(json_bytes(answers_of(Everything())["overview"].document))
    assert found["pid"] == 4242
    assert found["started_at"] == "2026-11-20T20:41:56Z"
    assert found["verdict"]["state"] == "leak"
    assert found["memory"]["unassigned_bytes"] == 2_000_000
    assert [suspect["rank"] for suspect in found["suspects"]] == [1, 2]
    assert {"gauges", "growth_bytes_per_hour", "lines", "types", "agent", "endpoints"} <= set(found)


def test_what_a_collection_freed() -> None:
    found = answers_of(Everything())["freed"].document
    assert found["freed_bytes"] == 1 << 27
    assert found["pause_ms"] == 120.0


def test_refusals_name_the_parameter_and_the_time() -> None:
    assert refusal_document(BadParameter("by", "x", "must be line")) == {
        "schema": 1,
        "error": {
            "status": 400,
            "message": "parameter by='x': must be line",
            "parameter": "by",
            "retry_after_s": None,
        },
    }
    assert refusal_document(CaptureBusy("a walk runs", retry_after_s=3))["error"] == {
        "status": 409,
        "message": "a walk runs",
        "parameter": None,
        "retry_after_s": 3,
    }


def test_numbers_that_json_cannot_say_are_null() -> None:
    data = json_bytes({"a": [math.nan, {"b": -math.inf}, 1.5, 2, "\ud800"]})
    assert data == b'{"a":[null,{"b":null},1.5,2,"\\ud800"]}\n'


def test_documents_carry_schema_and_process() -> None:
    assert document(7, a=1) == {"schema": 1, "pid": 7, "a": 1}
    assert list_document(7, THREADS[1:], group=True) == {
        "schema": 1,
        "pid": 7,
        "group": True,
        "rows": [
            {
                "name": "MainThread",
                "ident": 139,
                "native_id": None,
                "daemon": None,
                "age_s": None,
                "cpu_s": None,
                "count": 1,
                "stack": [],
            }
        ],
    }


def test_moments_are_iso_8601_or_null() -> None:
    assert json_moment(1795207377.0) == "2026-11-20T20:42:57Z"
    assert json_moment(math.inf) is None

import csv
import io
import math

from hypothesis import given, settings

from leakprobe.render.album import history_table
from leakprobe.render.csv import csv_bytes
from leakprobe.render.table import Cell, Column, Estimate, Kind, Row, Source, Table
from tests.render.samples import SNAPSHOTS, hostile_text


def lines(cell: Cell, kind: Kind = "text") -> list[list[str]]:
    data = csv_bytes(Table("", (Column("key", "title", kind),), (Row((cell,)),)))
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def test_the_history_as_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_bytes(history_table(SNAPSHOTS)).decode())))
    assert [row["taken_at"] for row in rows] == [
        "2026-11-20T20:42:27Z",
        "2026-11-20T20:42:37Z",
        "2026-11-20T20:42:47Z",
    ]
    assert [row["requests"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["rss_bytes"] == "90000000"


def test_values_are_raw() -> None:
    assert lines(67_328_409, "bytes_growth")[1] == ["67328409"]
    assert lines(-5, "bytes_growth")[1] == ["-5"]
    assert lines(Estimate(-5, 2), "bytes_growth")[1] == ["-5"]
    assert lines(Estimate(None, 2), "bytes_growth")[1] == [""]
    assert lines(None)[1] == [""]
    assert lines(True)[1] == ["true"]
    assert lines(False)[1] == ["false"]
    assert lines(math.nan, "moment")[1] == [""]
    assert lines(Source("/srv/a.py", 7, "f"))[1] == ["/srv/a.py:7 f"]
    assert lines(Source("/srv/a.py"))[1] == ["/srv/a.py"]
    assert lines("soon", "moment")[1] == ["soon"]


def test_a_formula_is_text() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"):
        assert lines(text)[1] == ["'" + text]
    assert lines(Source("=a.py"))[1] == ["'=a.py"]


@given(hostile_text)
@settings(deadline=None)
def test_any_text_is_one_cell(text: str) -> None:
    head, row = lines(text)
    assert head == ["key"]
    assert row[0].removeprefix("'") == text.encode(
        "utf-8", "backslashreplace"
    ).decode().removeprefix("'")
    assert len(row) == 1

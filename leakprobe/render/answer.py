"""One answer, whatever form it is asked for in."""

from dataclasses import dataclass

from leakprobe.render.csv import csv_bytes
from leakprobe.render.html import page_html
from leakprobe.render.json import Document, json_bytes
from leakprobe.render.page import Page
from leakprobe.render.table import Table
from leakprobe.render.text import text_bytes

__all__ = ["Answer", "write_answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The same answer twice: as data for programs, as a page for people."""

    document: Document
    page: Page


def write_answer(answer: Answer, form: str, *, base: str, nonce: str, here: str = "") -> bytes:
    """The answer's bytes.

    Args:
        answer: what to say.
        form: `json`, `html`, `csv` (the page's first table; nothing where it has none),
            else text.
        base: path of the endpoints as the client sees it, without a slash at its end.
        nonce: of the policy that allows a page's own style sheet.
        here: the asked path with its query, below `base`; empty where a page should
            not link to its other forms.
    """
    if form == "json":
        return json_bytes(answer.document)
    if form == "html":
        return page_html(answer.page, base=base, nonce=nonce, here=here)
    if form == "csv":
        tables = [section for section in answer.page.sections if isinstance(section, Table)]
        return csv_bytes(tables[0]) if tables else b""
    return text_bytes(answer.page, base=base)

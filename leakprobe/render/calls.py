"""The answer about one unit of work that was called again and again."""

from leakprobe.codec import SCHEMA, to_json
from leakprobe.model.calls import CallsReport, CallSuspect
from leakprobe.render.json import Document
from leakprobe.render.page import Page
from leakprobe.render.suspects import counted, growth_parts, suspect_section
from leakprobe.render.text import page_text
from leakprobe.render.units import bytes_text, count_text, duration_text, number_text
from leakprobe.render.verdict import finding_sentence

__all__ = ["calls_document", "calls_text"]


def calls_text(report: CallsReport) -> str:
    """The verdict, what was measured, and each suspect with all that is known of it."""
    sections = tuple(suspect_section(one, _growth(one)) for one in report.suspects)
    headline = f"{finding_sentence(report.verdict)} {_measured(report)}"
    return page_text(Page(report.name, headline, sections))


def calls_document(report: CallsReport) -> Document:
    """The same as data."""
    data = to_json(report)
    return {"schema": SCHEMA, **(data if isinstance(data, dict) else {})}


def _measured(report: CallsReport) -> str:
    growth, calls = report.growth, report.calls
    changed = f"{bytes_text(growth.bytes, sign=True)} per call"
    by = "memory in use" if growth.measured_by == "allocators" else "resident set"
    judged = f"{by} {changed} over {count_text(calls, 'call')}"
    made = f"{count_text(report.calls_in_all, 'call')} in {duration_text(report.seconds)}"
    return f"{judged[:1].upper()}{judged[1:]}; {made} in all."


def _growth(suspect: CallSuspect) -> str:
    resource = suspect.resource
    parts = growth_parts(resource, suspect.bytes, suspect.objects)
    if suspect.bytes_per_call is not None:
        parts.append(f"{bytes_text(suspect.bytes_per_call)} per call")
    if suspect.objects_per_call is not None:
        each = suspect.objects_per_call
        parts.append(f"{number_text(each)} {counted(resource, each)} per call")
    return ", ".join(parts)

"""A fingerprint names a cause: the same after a restart, another for another cause."""

import re
from dataclasses import replace

from leakprobe.analysis.fingerprint import fingerprint
from leakprobe.model import Site, SuspectHolder

HOLDER = SuspectHolder("app.results[…].payload", ("module app",), "module global", 500, 1000)
SITE = Site("/srv/shop/app.py", 42, "transcribe", ())


def of(holder: SuspectHolder | None = None, site: Site | None = SITE, name: str = "app.R") -> str:
    return fingerprint("python", name, holder, site)


def test_it_is_sixteen_hexadecimal_digits() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", of(HOLDER))
    assert re.fullmatch(r"[0-9a-f]{16}", of(None, None))


def test_a_restart_and_an_edit_elsewhere_leave_it_as_it_is() -> None:
    later = replace(HOLDER, text="app.results[17].payload", objects=9, retained_bytes=None)
    assert of(HOLDER) == of(later)
    assert of(None) == of(None, Site("/opt/venv/shop/app.py", 57, "transcribe", ()))


def test_a_line_that_is_learnt_later_does_not_rename_what_is_known_by_its_holder() -> None:
    assert of(HOLDER, None) == of(HOLDER, SITE)


def test_frames_are_known_by_their_line_not_by_their_number() -> None:
    frame = SuspectHolder("<serve at app.py:42>.x", ("frame serve at app.py:42",), "frame", 1, 1)
    assert of(frame) == of(replace(frame, text="<serve at app.py:57>.x"))
    assert of(frame) != of(frame, replace(SITE, function="other"))


def test_other_causes_have_other_names() -> None:
    names = {
        of(HOLDER),
        of(replace(HOLDER, text="app.sessions[…].payload")),
        of(replace(HOLDER, kind="lru_cache")),
        fingerprint("native", "app.R", HOLDER, SITE),
        of(None),
        of(None, replace(SITE, function="translate")),
        of(None, replace(SITE, file="/srv/shop/other.py")),
        of(None, name="app.S"),
    }
    assert len(names) == 8

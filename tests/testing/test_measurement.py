"""A measurement is a float in every respect, and has a label."""

import copy
import json
import pickle

from hypothesis import given
from hypothesis import strategies as st

from leakprobe.testing.measurement import Measurement


@given(st.floats(allow_nan=False), st.text())
def test_it_is_the_number_that_it_was_made_of(mb: float, label: str) -> None:
    measurement = Measurement(mb, label)
    assert measurement == mb
    assert measurement.label == label
    assert f"{measurement:.1f}" == f"{mb:.1f}"


def test_it_goes_where_floats_go() -> None:
    values = [Measurement(2.5, "start"), Measurement(3.25)]
    assert max(values) == 3.25
    assert json.dumps(values) == "[2.5, 3.25]"
    assert type(values[1] - values[0]) is float


def test_copies_keep_the_label() -> None:
    original = Measurement(1.5, "after import")
    for made in (copy.copy(original), pickle.loads(pickle.dumps(original))):
        assert (made, made.label) == (1.5, "after import")

"""Bands of epochs: bounded, stable from reading to reading, and never too young."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from leakprobe.capture.age_bands import MOST_BANDS, AgeBand, band_of, with_band

MOST = 6

pauses = st.lists(st.floats(0.0, 1e5), min_size=1, max_size=40)


def readings(between: list[float], most: int) -> list[tuple[AgeBand, ...]]:
    """The bands after each of some readings, the epochs numbered from 1."""
    bands: tuple[AgeBand, ...] = ()
    now, all_of_them = 0.0, []
    for epoch, pause in enumerate(between, 1):
        now += pause
        bands = with_band(bands, AgeBand(epoch, now), most)
        all_of_them.append(bands)
    return all_of_them


@given(pauses)
@settings(deadline=None)
def test_few_bands_remain_with_the_first_and_the_newest(between: list[float]) -> None:
    for epoch, bands in enumerate(readings(between, MOST), 1):
        assert len(bands) == min(epoch, MOST)
        assert bands[0].last_epoch == 1
        assert bands[-1].last_epoch == epoch


@given(pauses)
@settings(deadline=None)
def test_a_boundary_never_comes_back(between: list[float]) -> None:
    before: tuple[AgeBand, ...] = ()
    for bands in readings(between, MOST):
        assert set(bands[:-1]) <= set(before)
        before = bands


@given(pauses)
@settings(deadline=None)
def test_nothing_is_said_to_be_older_than_it_is(between: list[float]) -> None:
    ends = [bands[-1].ended_s for bands in readings(between, MOST)]
    bands = readings(between, MOST)[-1]
    for epoch, end in enumerate(ends, 1):
        said = bands[band_of(bands, epoch)]
        assert said.last_epoch >= epoch
        assert said.ended_s >= end


def test_a_day_of_readings_is_told_finely_where_it_is_recent() -> None:
    bands = readings([10.0] * 8640, MOST_BANDS)[-1]
    ages = [bands[-1].ended_s - band.ended_s for band in bands]
    assert ages[-4:] == [30.0, 20.0, 10.0, 0.0]
    # An old age is off by at most its own size.
    assert all(older <= 3 * younger for older, younger in pairwise(ages[:-1]))
    assert ages[0] == 86390.0


def test_several_readings_at_one_time_are_one_in_the_end() -> None:
    assert len(readings([5.0] + [0.0] * 50, MOST)[-1]) == MOST
    bands = readings([5.0, *[0.0] * 10, *[7.0] * 4], MOST)[-1]
    assert [band.ended_s for band in bands] == [5.0, 5.0, 12.0, 19.0, 26.0, 33.0]


def test_an_epoch_that_has_not_ended_is_in_the_newest_band() -> None:
    bands = (AgeBand(3, 1.0), AgeBand(7, 2.0))
    assert [band_of(bands, epoch) for epoch in (1, 3, 4, 7, 8)] == [0, 0, 1, 1, 1]

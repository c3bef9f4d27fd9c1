"""Ways side by side, in lines."""

from dataclasses import replace

from leakprobe.model.comparison import WayDifference, WayGrowth
from leakprobe.render.comparison import comparison_text

WITHOUT = WayGrowth(
    label="without clear()",
    iterations=500,
    growth_mb=1.99,
    growth_before_collection_mb=1.99,
    growth_bytes_per_call=3980.0,
    growth_bytes_per_call_low=3970.0,
    growth_bytes_per_call_high=3990.0,
    threads=0,
    seconds=0.5,
    measured_by="allocators",
)
WITH = replace(
    WITHOUT,
    label="with clear()",
    growth_mb=0.0,
    growth_bytes_per_call=0.0,
    growth_before_collection_mb=0.18,
)
DIFFERENCE = WayDifference(
    "without clear()", "with clear()", 1.99, 3980.4, 3970.0, 3990.0, 0.999, is_real=True
)


def test_a_line_for_each_way_and_one_for_the_difference() -> None:
    assert comparison_text([WITHOUT, WITH], [DIFFERENCE]).splitlines() == [
        "without clear(): 1.99 MB for 500 calls (4.0 kB per call)",
        "with clear(): 0 B for 500 calls (0 B per call), 180.0 kB before a collection",
        "Difference to with clear(): 1.99 MB, 3,980 bytes per call [3,970 to 3,990]: real",
    ]


def test_what_else_is_to_say() -> None:
    way = replace(WITHOUT, label="a\nb", iterations=1, threads=2, measured_by="resident set")
    said, one, chance = comparison_text(
        [way, replace(way, threads=1)], [replace(DIFFERENCE, is_real=False)]
    ).splitlines()
    assert said.startswith(
        "a\\nb: 1.99 MB for 1 call (4.0 kB per call), +2 threads, measured by the"
    )
    assert "+1 thread," in one
    assert chance.endswith(": no real difference")

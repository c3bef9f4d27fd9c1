"""What grew is named."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from leakprobe.testing.named_resources import NamedCounts, count_named, grown_names

COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["threads", "fds"]), st.sampled_from("abc")), st.integers(1, 50)
)


def test_open_files_are_named_by_path() -> None:
    before = count_named()
    with open(__file__), open(__file__):  # noqa: PTH123  # the same file twice
        now = count_named()
    assert grown_names(before, now, "fds") == (f"+2 file {__file__}",)
    assert grown_names(before, now, "threads") == ()


def test_tasks_are_named_by_their_coroutine() -> None:
    async def poll_for_ever() -> None:
        await asyncio.sleep(60)

    async def main() -> tuple[str, ...]:
        before = count_named()
        tasks = [asyncio.create_task(poll_for_ever()) for _ in range(2)]
        await asyncio.sleep(0)
        found = grown_names(before, count_named(), "tasks")
        for task in tasks:
            task.cancel()
        return found

    (found,) = asyncio.run(main())
    assert found.startswith("+2 ")
    assert found.endswith("poll_for_ever")


@given(COUNTS, COUNTS)
def test_only_what_grew_is_listed_the_most_first(before: NamedCounts, now: NamedCounts) -> None:
    found = [line.split(" ", 1) for line in grown_names(before, now, "fds")]
    growth = {name: now[r, name] - before.get((r, name), 0) for r, name in now if r == "fds"}
    assert {name: int(n) for n, name in found} == {k: n for k, n in growth.items() if n > 0}
    assert [int(n) for n, _ in found] == sorted((int(n) for n, _ in found), reverse=True)

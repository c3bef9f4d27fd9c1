"""What the first page says about the agent itself."""

from dataclasses import replace

from leakprobe.model import SelfReport
from leakprobe.render.overview import overview_page
from leakprobe.render.text import page_text
from tests.render.samples import AGENT, OVERVIEW


def text_of(agent: SelfReport) -> str:
    return " ".join(page_text(overview_page(replace(OVERVIEW, agent=agent))).split())


def test_which_tracer_runs_and_how_exact_it_is() -> None:
    sampled = replace(AGENT, tracer="sampled", sample_bytes=65536, frames=32)
    assert f"sampled ({AGENT.tracer_reason}; 32 frames, a sample every 64.0 KiB or so)" in text_of(
        sampled
    )
    exact = replace(AGENT, tracer="tracemalloc", sample_bytes=0, frames=1)
    assert f"tracemalloc ({AGENT.tracer_reason}; 1 frame)" in text_of(exact)


def test_who_walks_the_heap_and_why() -> None:
    report = replace(AGENT, heap_walk="python", heap_walk_reason="it is not built")
    assert "Heap walk python (it is not built)" in text_of(report)


def test_trouble_of_the_tracer_is_said_where_there_is_some() -> None:
    assert "Tracer trouble" not in text_of(replace(AGENT, tracer_trouble=None))
    troubled = replace(AGENT, tracer_trouble="somebody put other allocators in place of ours")
    assert "Tracer trouble yes (somebody put other allocators in place of ours)" in text_of(
        troubled
    )

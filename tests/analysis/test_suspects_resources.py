"""Threads, tasks, descriptors, children and native memory, with the objects that own them."""

import pytest

from leakprobe.analysis.candidates import Candidate
from leakprobe.analysis.suspects import find_suspects
from leakprobe.model import Frame
from tests.analysis.suspect_evidence import (
    APP,
    INNOCENT,
    LIBRARY,
    ROUTE,
    candidate,
    container,
    held,
    looked,
    path,
    rates,
    type_holder,
)


def grown(resource: str, name: str, count: int = 400, **given: object) -> Candidate:
    return candidate("group", name, count, resource=resource, **given)


def kept(type_name: str, size: int = 1_000_000) -> tuple[list[Candidate], tuple[object, ...]]:
    return [container(1, kind="list"), candidate("type", type_name, bytes=size)], (
        held(1, path("module app", "global kept"), entries={type_name: 400}, retained_bytes=size),
    )


@pytest.mark.parametrize(
    ("resource", "type_name", "advice"),
    [
        ("threads", "threading.Timer", "stop and join"),
        ("tasks", "_asyncio.Task", "await or cancel"),
        ("fds", "socket.socket", "close them"),
        ("children", "subprocess.Popen", "wait for them"),
    ],
)
def test_a_resource_and_the_objects_that_own_it_are_one_suspect(
    resource: str, type_name: str, advice: str
) -> None:
    candidates, containers = kept(type_name)
    gauge = candidate("gauge", resource, 410, resource=resource)
    look = looked(containers)  # type: ignore[arg-type]  # of ContainerHolder
    (found,) = find_suspects([*candidates, grown(resource, "alike"), gauge], look)
    assert found.resource == resource
    assert found.growth.objects == 400
    assert found.types[0].type == type_name
    assert found.growth.bytes == 1_000_000
    assert advice in found.advice
    assert "app.kept" in found.advice
    assert found.routes[0].objects_per_request == pytest.approx(1)


def test_objects_that_merely_grow_alike_do_not_join_a_resource_that_others_own() -> None:
    candidates, containers = kept("threading.Timer")
    other = held(2, path("module app", "global results"), entries={"app.Result": 400})
    look = looked((*containers, other))  # type: ignore[arg-type]  # of ContainerHolder
    found = find_suspects([container(2), *candidates, grown("threads", "Timer of app.f")], look)
    assert [(s.resource, s.holders[0].text) for s in found] == [
        ("python", "app.results"),
        ("threads", "app.kept"),
    ]


def test_a_library_that_opens_files_is_told_by_its_rate() -> None:
    candidates, containers = kept("av.container.InputContainer")
    look = looked(containers)  # type: ignore[arg-type]  # of ContainerHolder
    (found,) = find_suspects([*candidates, grown("fds", "file /srv/*.mp4")], look)
    assert (found.resource, found.types[0].type) == ("fds", "av.container.InputContainer")


def test_a_descriptor_that_no_object_stands_for_is_a_suspect_by_itself() -> None:
    candidates = [grown("fds", "file /tmp/*.wav"), candidate("gauge", "fds", 400, resource="fds")]
    (found,) = find_suspects(candidates, None)
    assert (found.resource, found.site, found.types, found.holders) == ("fds", None, (), ())
    assert found.growth.objects == 400
    assert found.growth.bytes is None
    assert found.reason == f"grew in 8 of 8 windows, 1 descriptor per request of {ROUTE}"
    assert "file /tmp/*.wav" in found.advice


def test_groups_that_grow_together_are_one_suspect_and_add_up() -> None:
    groups = [grown("threads", "Observer"), grown("threads", "Emitter")]
    (found,) = find_suspects(groups, None)
    assert found.growth.objects == 800
    assert found.routes[0].objects_per_request == pytest.approx(2)


def test_groups_of_different_routes_are_not() -> None:
    groups = [grown("threads", "a"), grown("threads", "b", rates=rates(1, INNOCENT))]
    gauge = candidate("gauge", "threads", 800, resource="threads", rates=None)
    found = find_suspects([*groups, gauge], None)
    assert [s.growth.objects for s in found] == [400, 400]


def test_where_no_group_tells_it_the_gauge_does() -> None:
    gauge = candidate("gauge", "threads", 400, resource="threads")
    (found,) = find_suspects([gauge], None)
    assert (found.growth.objects, found.routes[0].route) == (400, ROUTE)


def test_the_line_that_threads_run_is_told_only_where_it_is_the_applications() -> None:
    line = Frame(APP, 12, "work")
    library = Frame(LIBRARY, 900, "run")
    (mine,) = find_suspects([grown("threads", "app.work", site=line)], None)
    (theirs,) = find_suspects([grown("threads", "Timer", site=library)], None)
    assert mine.site is not None
    assert mine.site.line == 12
    assert theirs.site is None


def native(size: int) -> Candidate:
    return candidate("gauge", "malloc_used_bytes", None, bytes=size, resource="native")


def test_native_memory_that_no_object_owns_is_a_suspect_by_itself() -> None:
    (found,) = find_suspects([native(4_000_000)], looked())
    assert (found.resource, found.types) == ("native", ())
    assert found.routes[0].bytes_per_request == pytest.approx(10_000)
    assert "memray" in found.advice


def test_native_memory_that_small_objects_own_is_one_suspect_with_them() -> None:
    candidates, containers = kept("lxml.etree._Element", 50_000)
    look = looked(containers)  # type: ignore[arg-type]  # of ContainerHolder
    (found,) = find_suspects([*candidates, native(60_000_000)], look)
    assert (found.resource, found.types[0].type) == ("native", "lxml.etree._Element")
    assert found.growth.bytes == 60_050_000
    assert found.routes[0].objects_per_request == pytest.approx(1)


def test_what_the_estimate_of_pythons_part_lacks_is_no_native_leak() -> None:
    candidates, containers = kept("app.Result", 50_000_000)
    look = looked(containers)  # type: ignore[arg-type]  # of ContainerHolder
    (found,) = find_suspects([*candidates, native(5_000_000)], look)
    assert (found.resource, found.growth.bytes) == ("python", 50_000_000)


def test_native_memory_of_another_route_is_another_cause() -> None:
    candidates, containers = kept("app.Result", 50_000)
    look = looked(containers)  # type: ignore[arg-type]  # of ContainerHolder
    other = candidate(
        "gauge", "m", None, bytes=9_000_000, resource="native", rates=rates(9e4, INNOCENT)
    )
    assert [s.resource for s in find_suspects([*candidates, other], look)] == ["native", "python"]


@pytest.mark.parametrize(("free_bytes", "resources"), [(60_000_000, 2), (5_000_000, 1)])
def test_memory_that_nobody_uses_is_a_cause_only_where_it_is_no_by_product(
    free_bytes: int, resources: int
) -> None:
    candidates, containers = kept("app.Result", 50_000_000)
    free = candidate("gauge", "free", None, bytes=free_bytes, resource="allocator")
    look = looked(containers)  # type: ignore[arg-type]  # of ContainerHolder
    found = find_suspects([*candidates, free], look)
    assert len(found) == resources
    assert "allocator" in {s.resource for s in found} or resources == 1


def test_parts_of_a_resource_that_nothing_else_holds_belong_to_it() -> None:
    candidates, containers = kept("threading.Timer")
    running = type_holder("threading.Event", path("frame run at t.py:1", "local self"))
    other = held(2, path("module app", "global results"), entries={"app.Result": 400})
    event = candidate("type", "threading.Event", 3_333, rates=None)
    look = looked((*containers, other), (running,))  # type: ignore[arg-type]  # of the kinds
    found = find_suspects([container(2), *candidates, event, grown("threads", "Timer")], look)
    (threads,) = (s for s in found if s.resource == "threads")
    assert {t.type for t in threads.types} == {"threading.Timer", "threading.Event"}


def test_objects_of_that_kind_that_leak_by_themselves_do_not() -> None:
    candidates, containers = kept("socket.socket")
    other = held(2, path("module app", "global clients"), entries={"ssl.SSLContext": 300})
    contexts = [container(2, 300), candidate("type", "ssl.SSLContext", 300)]
    look = looked((*containers, other))  # type: ignore[arg-type]  # of ContainerHolder
    found = find_suspects([*candidates, *contexts, grown("fds", "tcp socket")], look)
    assert sorted(s.resource for s in found) == ["fds", "python"]


def test_parts_that_have_a_holder_of_their_own_are_absorbed_with_what_they_are_part_of() -> None:
    way = path("frame run at t.py:1", "local lock")
    threads = grown("threads", "Timer of app.f")
    types = [candidate("type", "threading.Timer"), candidate("type", "threading.Lock", 1_500)]
    rows = tuple(type_holder(t.name, way) for t in types)
    (found,) = find_suspects([*types, threads], looked(types=rows))
    assert found.resource == "threads"
    assert len(found.types) == 2


@pytest.mark.parametrize("other", [grown("fds", "file /tmp/*.wav"), native(9_000_000)])
def test_what_no_object_stands_for_is_apart_from_what_the_application_defines(
    other: Candidate,
) -> None:
    candidates, containers = kept("app.Result", 1_000_000)
    look = looked(containers)  # type: ignore[arg-type]  # of ContainerHolder
    found = find_suspects([*candidates, other], look)
    assert sorted(s.resource for s in found) == sorted([other.resource, "python"])


@pytest.mark.parametrize("resource", ["threads", "tasks"])
def test_frames_that_somebody_looked_at_are_no_cause_beside_what_runs_them(resource: str) -> None:
    running = grown(resource, "one of app.f")
    frames = candidate("type", "frame", 2_000, bytes=130_000, rates=rates(2.5, INNOCENT))
    (found,) = find_suspects([running, frames], looked())
    assert found.resource == resource
    (alone,) = find_suspects([frames], looked())
    assert [t.type for t in alone.types] == ["frame"]

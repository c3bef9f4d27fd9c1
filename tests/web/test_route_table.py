from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Host, Mount, Route, Router

from leakprobe.web.route_table import attributes, find_templates, owner_of


async def one(_: Request) -> Response:
    return PlainTextResponse("one")


async def two(_: Request) -> Response:
    return PlainTextResponse("two")


class Slotted:
    __slots__ = ("routes",)


class Lying:
    routes: list[object]

    def __init__(self) -> None:
        self.app = one

    def __getattribute__(self, name: str) -> object:
        raise AssertionError(name)


def test_attributes_are_the_instances_own() -> None:
    assert attributes(Lying()) == {"app": one}
    assert attributes(Slotted()) == {}
    assert attributes(None) == {}
    assert attributes(Slotted) == {}  # a class has a read-only view, not a dict


def test_owner_is_the_endpoint_or_the_application() -> None:
    inner = Router()
    assert owner_of(Route("/a", one)) is one
    assert owner_of(Mount("/a", inner)) is inner
    assert owner_of(Host("a", inner)) is inner
    assert owner_of(None) is None


def test_every_way_to_an_endpoint_in_the_tables_order() -> None:
    inner = Router(routes=[Route("/x/{n:int}", one)])
    app = Starlette(
        routes=[
            Mount("/m/{t}", inner),
            Route("/a", two),
            Route("/b/{p:path}", one),
            Mount("", inner),
            Host("{h}.example", inner),
        ]
    )
    assert find_templates(app, one) == ("/m/{t}/x/{n}", "/b/{p}", "/x/{n}")
    assert find_templates(app, app.routes[2]) == ("/b/{p}",)
    assert find_templates(app, inner) == ("/m/{t}/{path}", "/{path}")
    assert find_templates(app, object()) == ()
    assert find_templates(None, one) == ()


def test_router_that_is_mounted_in_itself_ends() -> None:
    router = Router(routes=[Route("/x", one)])
    router.routes.append(Mount("/again", router))
    found = find_templates(router, one)
    assert found[:2] == ("/x", "/again/x")
    assert len(found) < 40


def test_table_that_branches_into_itself_ends() -> None:
    router = Router()
    router.routes.extend(Mount(f"/{n}", router) for n in range(5))
    assert find_templates(router, one) == ()


def test_template_is_cut_at_a_length() -> None:
    (template,) = find_templates(Router(routes=[Route("/" + "x" * 5000, one)]), one)
    assert len(template) == 300

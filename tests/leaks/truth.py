"""What is planted in a service of `tests/leaks/cases`, and where."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from leakprobe.model.verdict import Resource

__all__ = ["INNOCENT", "Case", "Leak", "Load"]

INNOCENT = "GET /innocent"
MARK = "# leaks"


@dataclass(frozen=True, slots=True)
class Load:
    """Requests at random, with these weights; the same for the same seed.

    Attributes:
        routes: weight by route as the router has it, `POST /items/{number}`; each
            `{…}` becomes the number of the request.
        per_second: requests per second, of all routes together.
        connections: how many requests may be under way at once.
        seed: of the mix.
    """

    routes: Mapping[str, float]
    per_second: float = 40.0
    connections: int = 4
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Leak:
    """The truth that an answer must tell. Lines that end with `# leaks` are the site.

    Attributes:
        resource: what grows.
        types: types of which the suspect consists, as `/types` names them; each must be
            among the suspect's.
        holder: a regular expression that the text of one of its first two holders must
            contain; None: nothing holds it.
        route: the route that leaks.
        bytes_per_request: of that route, native memory that its objects hold included;
            None: cannot be said beforehand.
        objects_per_request: of that route, in what the resource counts (threads,
            descriptors, objects of the first of `types`); None: cannot be said beforehand.
        also: what else grows with it, if anything does; a suspect of one of these is as
            right.
        kind: kind of the holder, where it has a name.
        sited: false where no Python line allocates what grows (native memory, pages).
    """

    resource: Resource
    types: tuple[str, ...]
    holder: str | None
    route: str
    bytes_per_request: float | None = None
    objects_per_request: float | None = None
    also: tuple[Resource, ...] = ()
    kind: str | None = None
    sited: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """A module with two applications, `leaky` and its innocent twin `fixed`.

    Attributes:
        module: its `__name__`.
        title: what it shows, for the table.
        load: what is sent to both.
        leak: the truth; None: an innocent that only looks guilty, and has `fixed` alone.
        environment: further variables for both.
    """

    module: str
    title: str
    load: Load
    leak: Leak | None
    environment: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The module's own name."""
        return self.module.rpartition(".")[2]

    @property
    def leaky(self) -> str:
        """The application that leaks, as uvicorn wants it."""
        return f"{self.module}:leaky"

    @property
    def fixed(self) -> str:
        """Its innocent twin."""
        return f"{self.module}:fixed"

    @property
    def file(self) -> Path:
        """Where the module is."""
        return Path(str(sys.modules[self.module].__file__))

    @property
    def lines(self) -> frozenset[int]:
        """The lines that leak."""
        text = self.file.read_text()
        return frozenset(n for n, line in enumerate(text.splitlines(), 1) if line.endswith(MARK))

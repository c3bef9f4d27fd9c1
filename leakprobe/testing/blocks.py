"""What begins and ends with a block: `with` and `async with` alike."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

__all__ = ["Block"]


class Block(ABC):
    """Begins where the block is entered, and ends where it is left, with an error or without."""

    @abstractmethod
    def _begin(self) -> object:
        """The block is entered."""

    @abstractmethod
    def _finish(self) -> object:
        """The block is left."""

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._finish()

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, raised, traceback)

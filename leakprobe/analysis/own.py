"""A diagnostic does not see itself."""

from collections.abc import Collection, Iterable

from leakprobe.model import LiveStack, Stack

__all__ = ["drop_own_stacks"]


def drop_own_stacks(
    stacks: Iterable[LiveStack], own_prefix: str, shared_files: Collection[str]
) -> tuple[LiveStack, ...]:
    """Leave out what leakprobe itself allocated.

    A stack is ours if one of its frames lies below our package's directory. The examples
    are the exception, as somebody's application, and so are the shared files (the
    middleware), which stand on the stack of every request: a stack is ours because of
    them only where they allocated themselves.

    Args:
        stacks: what the tracer saw.
        own_prefix: the package's directory.
        shared_files: files of ours through which the application is called.
    """
    own = own_prefix.rstrip("/") + "/"
    examples = own + "examples/"
    known: dict[str, bool] = {}

    def ours(file: str) -> bool:
        if file not in known:
            known[file] = file.startswith(own) and not file.startswith(examples)
        return known[file]

    def ours_on_stack(stack: Stack) -> bool:
        if stack.frames and ours(stack.frames[0].file):
            return True
        return any(ours(f.file) and f.file not in shared_files for f in stack.frames)

    return tuple(live for live in stacks if not ours_on_stack(live.stack))

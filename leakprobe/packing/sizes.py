"""What values take in memory."""

from dataclasses import fields, is_dataclass

__all__ = ["deep_bytes", "shell_bytes"]

OBJECT_OVERHEAD = 16  # header of the cyclic collector


def shell_bytes(value: object) -> int:
    """The value by itself, without what it refers to."""
    return value.__sizeof__() + OBJECT_OVERHEAD


def deep_bytes(value: object) -> int:
    """The value, and where it is a dataclass, its fields with theirs."""
    shell = shell_bytes(value)
    if is_dataclass(value):
        return shell + sum(deep_bytes(getattr(value, part.name)) for part in fields(value))
    return shell

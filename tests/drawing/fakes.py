"""A `dot` of our own on an otherwise empty PATH."""

from pathlib import Path

import pytest

SIGNATURE_OCTAL = r"\211PNG\r\n\032\n"


def only_on_path(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    """Make `directory` all that PATH names."""
    monkeypatch.setenv("PATH", str(directory))


def fake_dot(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    """Put a shell script named `dot` on PATH, and nothing else."""
    program = directory / "dot"
    program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\ncd '{directory}'\n{script}\n")
    program.chmod(0o755)
    only_on_path(monkeypatch, directory)

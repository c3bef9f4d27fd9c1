"""Growth that is known to end: what leakprobe knows, and what the settings add."""

from importlib.resources import files
from pathlib import Path

from leakprobe.analysis.benign import Benign, parse_benign
from leakprobe.errors import SettingsError, shorten

__all__ = ["benign_patterns"]

LARGEST_FILE = 1 << 20
LONGEST_REASON = 200


def benign_patterns(path: str | None) -> tuple[Benign, ...]:
    """The entries that are packaged, and those in the file that the settings name.

    Raises:
        SettingsError: the file cannot be read, or is not of the form.
    """
    own = files("leakprobe.analysis").joinpath("benign.toml").read_text(encoding="utf-8")
    packaged = parse_benign(own)
    if path is None:
        return packaged
    try:
        return packaged + parse_benign(_text(path))
    except OSError as error:
        why = f"it cannot be read: {error.strerror or error}"
    except ValueError as error:
        why = shorten(str(error), LONGEST_REASON)
    raise SettingsError("benign", path, why)


def _text(path: str) -> str:
    with Path(path).open("rb") as file:
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise ValueError(f"the file must be at most {LARGEST_FILE} bytes")
    return content.decode()

"""The file of the setting `benign`: taken beside what is packaged, refused in one line."""

from pathlib import Path

import pytest

from leakprobe import LeakProbe, Settings
from leakprobe.agent.benign import LARGEST_FILE, benign_patterns
from leakprobe.errors import SettingsError

OWN = """
[[benign]]
name = "tables of our parser"
reason = "built once, at the first request"
source = "app.py"
types = ["app.Table"]
"""


def test_what_is_packaged_is_known_and_a_file_adds_to_it(tmp_path: Path) -> None:
    packaged = benign_patterns(None)
    assert packaged
    (tmp_path / "own.toml").write_text(OWN)
    both = benign_patterns(str(tmp_path / "own.toml"))
    assert both[: len(packaged)] == packaged
    assert [pattern.name for pattern in both[len(packaged) :]] == ["tables of our parser"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"\xff\xfe", "utf-8"),
        (b"[[benign", "at end of document"),
        (b"[[benign]]\nname = 'x'", "entry 1: reason"),
        (b"#" * (LARGEST_FILE + 1), "at most"),
    ],
)
def test_a_wrong_file_fails_at_construction(
    tmp_path: Path, content: bytes | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path("own.toml")
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=said) as refused:
        LeakProbe(Settings(token="x", benign=str(file)))
    assert "\n" not in str(refused.value)
    assert "benign='own.toml'" in str(refused.value)

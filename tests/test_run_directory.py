import os
import stat
import tempfile
from pathlib import Path

import pytest

from leakprobe.run_directory import DirectoryRefused, directory_path, private_directory


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_default_is_named_after_the_user_in_the_temporary_directory() -> None:
    assert directory_path(None) == f"{tempfile.gettempdir()}/leakprobe-{os.geteuid()}"


def test_setting_becomes_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert directory_path("run/") == str(tmp_path / "run")


def test_naming_the_directory_does_not_make_it(tmp_path: Path) -> None:
    assert not Path(directory_path(str(tmp_path / "run"))).exists()


def test_missing_directory_is_made_for_its_user_only(tmp_path: Path) -> None:
    path = tmp_path / "a" / "run"
    with private_directory(str(path)) as descriptor:
        assert os.path.samestat(os.fstat(descriptor), path.stat())
    assert mode_of(path) == 0o700


def test_descriptor_is_closed_at_the_end_and_not_inherited(tmp_path: Path) -> None:
    with private_directory(str(tmp_path / "run")) as descriptor:
        assert not os.get_inheritable(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_missing_directory_is_not_made_unless_asked(tmp_path: Path) -> None:
    path = tmp_path / "run"
    with (
        pytest.raises(DirectoryRefused, match="No such file"),
        private_directory(str(path), create=False),
    ):
        pytest.fail("entered")
    assert not path.exists()


@pytest.mark.parametrize("ending", ["", "/", "/."])
def test_symlink_is_refused_however_it_is_written(tmp_path: Path, ending: str) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with (
        pytest.raises(DirectoryRefused, match="is a symlink"),
        private_directory(f"{tmp_path}/link{ending}"),
    ):
        pytest.fail("entered")


def test_dangling_symlink_is_refused_and_its_target_not_made(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with (
        pytest.raises(DirectoryRefused, match="is a symlink"),
        private_directory(str(tmp_path / "link")),
    ):
        pytest.fail("entered")
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720])
def test_directory_that_others_can_use_is_refused_and_left_as_it_is(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "run"
    path.mkdir()
    path.chmod(mode)
    with (
        pytest.raises(DirectoryRefused, match=rf"mode {mode:04o}\); chmod 700 it"),
        private_directory(str(path)),
    ):
        pytest.fail("entered")
    assert mode_of(path) == mode


def test_directory_of_another_user_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run"
    path.mkdir(mode=0o700)
    other = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    with (
        pytest.raises(DirectoryRefused, match=f"belongs to user {os.getuid()}"),
        private_directory(str(path)),
    ):
        pytest.fail("entered")


def test_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DirectoryRefused, match="Not a directory"),
        private_directory(str(tmp_path / "file" / "run")),
    ):
        pytest.fail("entered")


def test_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DirectoryRefused, match="Not a directory"),
        private_directory(str(tmp_path / "file")),
    ):
        pytest.fail("entered")


def test_failing_system_call_inside_becomes_a_refusal(tmp_path: Path) -> None:
    with (
        pytest.raises(DirectoryRefused, match="cannot be used: No such file"),
        private_directory(str(tmp_path / "run")) as descriptor,
    ):
        os.open("missing", os.O_RDONLY, dir_fd=descriptor)


def test_message_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a\nb").touch()
    with (
        pytest.raises(DirectoryRefused) as refused,
        private_directory(str(tmp_path / "a\nb")),
    ):
        pytest.fail("entered")
    assert "\n" not in str(refused.value)

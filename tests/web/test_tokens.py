import fcntl
import multiprocessing
import os
import re
import secrets
import stat
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from leakprobe.run_directory import DirectoryRefused, private_directory
from leakprobe.web.tokens import load_or_create_token, new_token, read_token, token_file

GOOD = "a-token-that-somebody-wrote"
PROCESSES = 8


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "run"
    path.mkdir(mode=0o700)
    return path


def write(directory: Path, content: str, mode: int = 0o600) -> Path:
    file = directory / "token"
    file.write_text(content)
    file.chmod(mode)
    return file


def assert_replaced(directory: Path, token: str) -> None:
    file = directory / "token"
    assert not file.is_symlink()
    assert file.is_file()
    assert file.read_text() == token + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [p.name for p in directory.iterdir() if p.name.startswith(".")] == []


def test_new_tokens_have_256_bits_and_differ() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)


def test_token_is_made_once_and_found_again(directory: Path) -> None:
    token = load_or_create_token(str(directory))
    assert_replaced(directory, token)
    assert token_file(str(directory)) == str(directory / "token")
    assert load_or_create_token(str(directory)) == token
    assert read_token(str(directory)) == token


def test_umask_does_not_open_the_file(directory: Path) -> None:
    before = os.umask(0)
    try:
        token = load_or_create_token(str(directory))
    finally:
        os.umask(before)
    assert_replaced(directory, token)


@pytest.mark.parametrize("content", [GOOD, GOOD + "\n", "x" * 16, "x" * 512])
def test_sensible_token_is_accepted(directory: Path, content: str) -> None:
    write(directory, content)
    assert load_or_create_token(str(directory)) == content.strip()


@pytest.mark.parametrize(
    "content", ["", "\n", "short", "x" * 513, f"{GOOD} {GOOD}", f"{GOOD}\n\n", "é" * 20, "\0" * 30]
)
def test_senseless_content_is_replaced(directory: Path, content: str) -> None:
    write(directory, content)
    assert read_token(str(directory)) is None
    assert_replaced(directory, load_or_create_token(str(directory)))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_file_that_others_can_use_is_replaced(directory: Path, mode: int) -> None:
    write(directory, GOOD, mode)
    assert read_token(str(directory)) is None
    token = load_or_create_token(str(directory))
    assert token != GOOD
    assert_replaced(directory, token)


def test_symlink_is_replaced_and_its_target_untouched(directory: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text(GOOD)
    target.chmod(0o600)
    (directory / "token").symlink_to(target)
    token = load_or_create_token(str(directory))
    assert token != GOOD
    assert_replaced(directory, token)
    assert target.read_text() == GOOD


def test_fifo_does_not_block(directory: Path) -> None:
    os.mkfifo(directory / "token", 0o600)
    assert_replaced(directory, load_or_create_token(str(directory)))


def test_file_of_another_user_is_not_accepted(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(directory, GOOD)
    answers = iter([os.geteuid(), os.geteuid() + 1])  # the directory is ours, the file is not
    monkeypatch.setattr(os, "geteuid", lambda: next(answers))
    assert read_token(str(directory)) is None


def test_directory_in_the_files_place_is_refused(directory: Path) -> None:
    (directory / "token").mkdir()
    with pytest.raises(DirectoryRefused):
        load_or_create_token(str(directory))
    assert [p.name for p in directory.iterdir()] == ["token"]


def test_open_directory_gets_no_token(directory: Path) -> None:
    directory.chmod(0o755)
    with pytest.raises(DirectoryRefused, match="open to others"):
        load_or_create_token(str(directory))
    assert list(directory.iterdir()) == []


def test_full_disk_is_refused_and_leaves_nothing(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", no_space)
    with pytest.raises(DirectoryRefused, match="No space left"):
        load_or_create_token(str(directory))
    assert list(directory.iterdir()) == []


def test_loser_of_the_race_takes_the_winners_token(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def somebody_was_faster(*_: object, **__: object) -> None:
        write(directory, GOOD)
        raise FileExistsError

    monkeypatch.setattr(os, "link", somebody_was_faster)
    assert load_or_create_token(str(directory)) == GOOD


def test_token_that_appears_meanwhile_is_kept(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def name_for_ours(_: int) -> str:
        write(directory, GOOD)
        return "ours"

    monkeypatch.setattr(secrets, "token_hex", name_for_ours)
    assert load_or_create_token(str(directory)) == GOOD
    assert [p.name for p in directory.iterdir()] == ["token"]


def test_endless_race_is_given_up(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def somebody_is_always_faster(*_: object, **__: object) -> None:
        raise FileExistsError

    monkeypatch.setattr(os, "link", somebody_is_always_faster)
    with pytest.raises(DirectoryRefused, match="changes all the time"):
        load_or_create_token(str(directory))


def test_lock_that_is_never_released_does_not_hang_the_start(directory: Path) -> None:
    waits: list[float] = []
    with private_directory(str(directory)) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        token = load_or_create_token(str(directory), sleep=waits.append)
    assert 0 < sum(waits) < 1
    assert_replaced(directory, token)


def test_file_system_without_locks_still_keeps_a_token(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert_replaced(directory, load_or_create_token(str(directory)))


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(DirectoryRefused):
        read_token(str(tmp_path / "run"))
    assert list(tmp_path.iterdir()) == []


def start_together(directory: str, go: Event, found: "SimpleQueue[str]") -> None:
    go.wait()
    found.put(load_or_create_token(directory))


@pytest.mark.parametrize("before", [None, "bad"])
def test_processes_that_start_together_end_with_one_token(
    directory: Path, before: str | None
) -> None:
    context = multiprocessing.get_context("fork")
    for _ in range(5):
        (directory / "token").unlink(missing_ok=True)
        if before is not None:
            write(directory, before)
        go, found = context.Event(), context.SimpleQueue()
        workers = [
            context.Process(target=start_together, args=(str(directory), go, found))
            for _ in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        go.set()
        tokens = {found.get() for _ in workers}
        for worker in workers:
            worker.join()
            worker.close()
        found.close()
        assert len(tokens) == 1
        assert_replaced(directory, tokens.pop())

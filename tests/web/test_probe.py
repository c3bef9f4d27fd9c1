"""The token, and the line that says where it is."""

from pathlib import Path

import pytest

from leakprobe import LeakProbe, Settings
from leakprobe.web import probe as probe_module


def test_a_random_token_is_kept_privately_named_by_its_file_and_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    directory = tmp_path / "run"
    with LeakProbe(Settings(tracer="off", heap_budget=0.0, directory=str(directory))) as probe:
        token = (directory / "token").read_text().strip()
        assert probe.token == token
        assert len(token) >= 32
    said = caplog.text + "".join(capsys.readouterr())
    assert str(directory / "token") in said
    assert token not in said
    again = LeakProbe(Settings(tracer="off", directory=str(directory)))
    assert again.token == token


def test_without_a_private_directory_one_warning_says_what_to_do(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    probe = LeakProbe(Settings(tracer="off", directory=str(tmp_path / "file")))
    assert len(probe.token) >= 32
    assert probe.token == probe.token
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "set LEAKPROBE_TOKEN" in record.getMessage()
    assert probe.token not in record.getMessage()


def test_a_token_that_was_set_is_never_shown(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with LeakProbe(Settings(token="a-secret-token", tracer="off", heap_budget=0.0)):
        pass
    assert "a-secret-token" not in caplog.text + "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "port"),
    [
        (["uvicorn", "app:app"], "8000"),
        (["uvicorn", "app:app", "--port", "9001"], "9001"),
        (["uvicorn", "--port=9002", "app:app"], "9002"),
        (["gunicorn", "-b", "127.0.0.1:9003"], "9003"),
        (["hypercorn", "--bind", "[::1]:9004"], "9004"),
        (["uvicorn", "--port"], "8000"),
        (["x", "-p", "not-a-port"], "8000"),
    ],
)
def test_the_port_is_read_off_the_command_line(arguments: list[str], port: str) -> None:
    assert probe_module._port(arguments) == port

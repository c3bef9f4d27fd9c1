import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from leakprobe.errors import SettingsError
from leakprobe.settings import (
    RetentionRule,
    Settings,
    SettingsByName,
    TracerName,
    parse_duration_s,
    parse_retention,
)

NAN, INFINITE = float("nan"), float("inf")

ALLOWED: Mapping[str, list[object]] = {
    "enabled": [True, False],
    "path": ["/debug/memory", "/m", "/a-b/c_d/e.f~g/9"],
    "token": [None, "x", "!" * 512, "a-B_c.9~/+="],
    "tracer": list(get_args(TracerName)),
    "sample_bytes": [1024, 65536, 1 << 30],
    "heap_budget": [0, 0.0, 0.01, 1, 1.0],
    "frames": [None, 1, 256],
    "interval_s": [0.05, 10, 86400],
    "retention": ["1s@1s", "10m@10s,2h@1m,24h@10m", "1.5h@90s, 1d@1h"],
    "directory": [None, "/run/leakprobe", "relative"],
    "memory_limit_bytes": [None, 1 << 20, 1 << 60],
    "reveal": [True, False],
    "max_self_bytes": [1 << 20, 1 << 40],
    "benign": [None, "/etc/leakprobe/benign.toml", "relative.toml"],
}
REFUSED: Mapping[str, list[object]] = {
    "enabled": [None, 0, 1, "true"],
    "path": ["", "/", "debug", "/debug/", "//a", "/a b", "/ä", "/a?b", "/a\n", None, b"/a"],
    "token": ["", " ", "a b", "a\n", "ä", "x" * 513, 5, b"x"],
    "tracer": ["", "AUTO", "memray", None, 1],
    "sample_bytes": [1023, (1 << 30) + 1, 65536.0, "65536", True, None],
    "heap_budget": [-0.001, 1.001, NAN, INFINITE, "0.1", True, None],
    "frames": [0, 257, 1.0, "1", True],
    "interval_s": [0.049, 86400.5, 0, -1, NAN, INFINITE, "10", True, None],
    "retention": ["", "10m", "10m@", "@10s", "10s@10m", "0s@0s", "1h@1m,1h@1m", "2h@1m,1h@1s"],
    "directory": ["", "a\0b", 5, b"/run"],
    "memory_limit_bytes": [(1 << 20) - 1, (1 << 60) + 1, 1e9, "1048576", True],
    "reveal": [None, 0, 1, "false"],
    "max_self_bytes": [(1 << 20) - 1, (1 << 40) + 1, 1e9, None, True],
    "benign": ["", "a\0b", 5, b"/etc"],
}


def settings_with(name: str, value: object) -> Settings:
    return Settings.from_environment({}, **{name: value})


def cases(table: Mapping[str, list[object]]) -> list[tuple[str, object]]:
    return [(name, value) for name, values in table.items() for value in values]


def test_every_setting_is_tried_on_both_sides_of_its_limits() -> None:
    names = [field.name for field in fields(Settings)]
    assert list(ALLOWED) == list(REFUSED) == names


@pytest.mark.parametrize(("name", "value"), cases(ALLOWED))
def test_what_is_allowed_is_taken_as_it_is(name: str, value: object) -> None:
    assert getattr(settings_with(name, value), name) == value


@pytest.mark.parametrize(("name", "value"), cases(REFUSED))
def test_what_is_not_is_refused_in_one_line_that_names_it(name: str, value: object) -> None:
    with pytest.raises(SettingsError) as refusal:
        settings_with(name, value)
    message = str(refusal.value)
    assert refusal.value.setting == name
    assert "\n" not in message
    assert re.match(rf"setting {name}=.+: (must be )?\S+", message)
    if name != "token":
        assert message.startswith(f"setting {name}={value!r}: ")


@pytest.mark.parametrize("token", ["secret and spaces", "secret\n", "secret" * 100, "sécret"])
def test_a_token_never_stands_in_an_error(token: str) -> None:
    attempts: list[Callable[[], Settings]] = [
        lambda: Settings(token=token),
        lambda: Settings.from_environment({"LEAKPROBE_TOKEN": token}),
        lambda: Settings.from_environment({}, token=(token,)),
    ]
    for attempt in attempts:
        with pytest.raises(SettingsError) as refusal:
            attempt()
        assert "cret" not in str(refusal.value)
        assert "(hidden)" in str(refusal.value)


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert Settings() == Settings(
        enabled=True,
        path="/debug/memory",
        token=None,
        tracer="auto",
        sample_bytes=65536,
        heap_budget=0.01,
        frames=None,
        interval_s=10,
        retention="10m@10s,2h@1m,24h@10m",
        directory=None,
        memory_limit_bytes=None,
        reveal=False,
        max_self_bytes=33554432,
    )


def test_retention_is_read_into_rules() -> None:
    assert Settings(retention="10m@10s,1d@1.5h").retention_rules == (
        RetentionRule(age_s=600, every_s=10),
        RetentionRule(age_s=86400, every_s=5400),
    )


@pytest.mark.parametrize("value", [None, 5, ["10m@10s"]])
def test_a_retention_that_is_no_text_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="AGE@EVERY"):
        parse_retention(value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("10m", 600.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("0.5s", 0.5),
        ("10", None),
        ("s", None),
        ("-1s", None),
        ("1.s", None),
        ("1 s", None),
        ("1e3s", None),
        ("", None),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, seconds: float | None) -> None:
    assert parse_duration_s(text) == seconds


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("LEAKPROBE_ENABLED", "false", "enabled", False),
        ("LEAKPROBE_ENABLED", " No ", "enabled", False),
        ("LEAKPROBE_REVEAL", "1", "reveal", True),
        ("LEAKPROBE_REVEAL", "ON", "reveal", True),
        ("LEAKPROBE_PATH", "/x", "path", "/x"),
        ("LEAKPROBE_TOKEN", "0123", "token", "0123"),
        ("LEAKPROBE_TRACER", "off", "tracer", "off"),
        ("LEAKPROBE_SAMPLE_BYTES", " 2048 ", "sample_bytes", 2048),
        ("LEAKPROBE_HEAP_BUDGET", "0.5", "heap_budget", 0.5),
        ("LEAKPROBE_HEAP_BUDGET", "0", "heap_budget", 0.0),
        ("LEAKPROBE_FRAMES", "8", "frames", 8),
        ("LEAKPROBE_INTERVAL_S", "1", "interval_s", 1.0),
        ("LEAKPROBE_RETENTION", "1h@1m", "retention", "1h@1m"),
        ("LEAKPROBE_DIRECTORY", "/run/x", "directory", "/run/x"),
        ("LEAKPROBE_MEMORY_LIMIT_BYTES", "1048576", "memory_limit_bytes", 1048576),
        ("LEAKPROBE_MAX_SELF_BYTES", "1048576", "max_self_bytes", 1048576),
        ("LEAKPROBE_PATH", "", "path", "/debug/memory"),
        ("LEAKPROBE_UNKNOWN", "x", "path", "/debug/memory"),
        ("leakprobe_path", "/x", "path", "/debug/memory"),
    ],
)
def test_the_environment_sets_what_it_names(
    variable: str, text: str, name: str, value: object
) -> None:
    found = getattr(Settings.from_environment({variable: text}), name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("ENABLED", "maybe"),
        ("SAMPLE_BYTES", "64k"),
        ("SAMPLE_BYTES", "-1"),
        ("SAMPLE_BYTES", "9" * 30),
        ("HEAP_BUDGET", "1%"),
        ("HEAP_BUDGET", "nan"),
        ("FRAMES", "many"),
        ("INTERVAL_S", "10s"),
        ("MEMORY_LIMIT_BYTES", "1G"),
        ("RETENTION", "for ever"),
    ],
)
def test_what_the_environment_says_wrongly_is_shown_as_it_stands_there(
    variable: str, text: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(f"setting {variable.lower()}='{text}'")):
        Settings.from_environment({f"LEAKPROBE_{variable}": text})


def test_a_keyword_wins_over_the_environment_even_over_a_wrong_value_there() -> None:
    environment = {"LEAKPROBE_INTERVAL_S": "soon", "LEAKPROBE_PATH": "/x"}
    found = Settings.from_environment(environment, interval_s=2)
    assert (found.interval_s, found.path) == (2, "/x")


def test_a_keyword_that_is_no_setting_is_refused_with_those_that_are() -> None:
    with pytest.raises(SettingsError, match="setting intervall=5: no such setting; there are"):
        Settings.from_environment({}, intervall=5)


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)


@given(st.sampled_from([field.name for field in fields(Settings)]), anything)
@hypothesis_settings(deadline=None)
def test_whatever_is_given_is_taken_or_refused_by_name(name: str, value: object) -> None:
    blamed, found = name, value
    try:
        found = getattr(settings_with(name, value), name)
    except SettingsError as refusal:
        blamed = refusal.setting
    assert blamed == name
    assert found is value


@given(
    st.sampled_from([field.name for field in fields(Settings)]),
    st.text(st.characters(exclude_characters="\0"), max_size=30),
)
@hypothesis_settings(deadline=None)
def test_whatever_stands_in_the_environment_is_taken_or_refused_by_name(
    name: str, text: str
) -> None:
    blamed = name
    try:
        Settings.from_environment({f"LEAKPROBE_{name.upper()}": text})
    except SettingsError as refusal:
        blamed = refusal.setting
    assert blamed == name


def test_the_settings_by_name_are_the_settings() -> None:
    hints = get_type_hints(Settings)
    assert get_type_hints(SettingsByName) == {f.name: hints[f.name] for f in fields(Settings)}

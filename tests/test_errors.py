import pytest

from leakprobe import errors
from leakprobe.errors import (
    AgentRunning,
    BadParameter,
    LeakprobeError,
    NotAvailable,
    Refusal,
    SchemaError,
    SettingsError,
    UnknownName,
    shorten,
)

STATUS = {
    "BadParameter": 400,
    "Unauthorized": 401,
    "CrossOrigin": 403,
    "UnknownName": 404,
    "WrongMethod": 405,
    "CaptureBusy": 409,
    "BodyTooLarge": 413,
    "TooManyRequests": 429,
    "NotAvailable": 501,
    "WalkFailed": 503,
    "NotEnoughMemory": 507,
}


def public_errors() -> list[type[LeakprobeError]]:
    return [getattr(errors, name) for name in errors.__all__]


def test_every_error_is_exported_and_drawn_in_the_tree() -> None:
    defined = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert defined == set(errors.__all__)
    for error in public_errors():
        assert issubclass(error, LeakprobeError)
        assert f" {error.__name__}" in f" {errors.__doc__}"


def test_every_refusal_has_the_status_that_the_tree_says() -> None:
    refusals = [e for e in public_errors() if issubclass(e, Refusal) and e is not Refusal]
    assert {refusal.__name__: refusal.status for refusal in refusals} == STATUS
    lines = (errors.__doc__ or "").splitlines()
    for name, status in STATUS.items():
        assert any(f" {name} " in line and f" {status} " in line for line in lines)


def test_errors_are_also_what_python_would_raise() -> None:
    assert issubclass(SettingsError, ValueError)
    assert issubclass(SchemaError, ValueError)
    assert issubclass(AgentRunning, RuntimeError)


def test_a_refusal_may_say_when_to_ask_again() -> None:
    assert NotAvailable("no").retry_after_s is None
    assert NotAvailable("not now", retry_after_s=3).retry_after_s == 3


def test_a_setting_is_named_with_its_value_and_what_is_allowed() -> None:
    error = SettingsError("interval_s", -1, "must be seconds from 0.05 to 86400")
    assert str(error) == "setting interval_s=-1: must be seconds from 0.05 to 86400"
    assert error.setting == "interval_s"


def test_a_parameter_is_named_with_its_value_and_what_is_allowed() -> None:
    error = BadParameter("limit", "0", "must be a whole number from 1 to 1000")
    assert str(error) == "parameter limit='0': must be a whole number from 1 to 1000"
    assert error.name == "limit"


@pytest.mark.parametrize("value", ["x" * 100_000, "a\nb\r\nc", "<script>" * 1000])
def test_a_message_is_one_short_line_whatever_was_given(value: str) -> None:
    for error in (
        BadParameter(value, value, "must be short"),
        SettingsError("path", value, "must be short"),
        UnknownName("type", value, [value, value + "x"]),
    ):
        assert "\n" not in str(error)
        assert "\r" not in str(error)
        assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("known", "otherwise", "message", "nearest"),
    [
        ((), "", "no type 'app.Reslt'", ()),
        ((), "see /types", "no type 'app.Reslt'; see /types", ()),
        (
            ("app.Result", "zzz"),
            "see /types",
            "no type 'app.Reslt'; nearest: app.Result",
            ("app.Result",),
        ),
        (("zzz",), "see /types", "no type 'app.Reslt'; see /types", ()),
    ],
)
def test_an_unknown_name_says_what_comes_nearest(
    known: tuple[str, ...], otherwise: str, message: str, nearest: tuple[str, ...]
) -> None:
    error = UnknownName("type", "app.Reslt", known, otherwise)
    assert str(error) == message
    assert error.nearest == nearest


def test_at_most_three_names_come_near() -> None:
    assert len(UnknownName("snapshot", "s1", [f"s1{n}" for n in range(9)]).nearest) == 3


@pytest.mark.parametrize(
    ("text", "longest", "expected"),
    [
        ("", 3, ""),
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        (" a \n\t b ", 9, "a b"),
    ],
)
def test_a_shown_value_is_cut_to_its_length(text: str, longest: int, expected: str) -> None:
    assert shorten(text, longest) == expected

"""The settings: one list from which arguments, environment, help and the README's table come."""

import dataclasses
from pathlib import Path

import pytest

from upstream.policy import Policy
from web.limits import Limits
from web.settings import BadSetting, Knob, Settings, knobs, settings_from, settings_table


def other(knob: Knob) -> str:
    """A possible value of a setting that is not its default."""
    if knob.choices:
        return next(choice for choice in knob.choices if choice != knob.default)
    if knob.name in {"upstream", "cors_origins"}:
        return "https://other.example"
    if knob.name == "trusted_proxies":
        return "10.0.0.0/8,::1"
    if knob.kind is bool:
        return str(not knob.default)
    if knob.kind is int:
        return str(knob.default + (1 if knob.default < knob.most else -1))
    if knob.kind is float:
        return str(knob.default / 4 + 0.3)
    return "other"


def in_settings(settings: Settings, knob: Knob) -> object:
    """A setting's value."""
    value: object = settings
    for name in knob.path:
        value = getattr(value, name)
    return value


def test_without_anything_said_all_are_at_their_defaults() -> None:
    assert settings_from([], {}) == Settings()


@pytest.mark.parametrize("knob", knobs(), ids=lambda knob: knob.name)
def test_each_can_be_set_from_the_environment_and_an_argument_wins(knob: Knob) -> None:
    text = other(knob)
    by_argument = in_settings(settings_from([knob.flag, text], {}), knob)
    by_environment = in_settings(settings_from([], {knob.environment: text}), knob)
    assert by_argument == by_environment != knob.default
    default = knob.shown_default
    both = settings_from([knob.flag, text], {knob.environment: default or text})
    assert in_settings(both, knob) == by_argument


def test_every_field_of_the_policy_and_the_limits_is_one() -> None:
    paths = {knob.path for knob in knobs()}
    assert {("policy", field.name) for field in dataclasses.fields(Policy)} <= paths
    assert {("limits", field.name) for field in dataclasses.fields(Limits)} <= paths


def test_names_are_unique_and_said_as_a_sentence() -> None:
    assert len({knob.flag for knob in knobs()}) == len(knobs())
    assert len({knob.environment for knob in knobs()}) == len(knobs())
    for knob in knobs():
        assert knob.sentence[0].isupper(), knob
        assert knob.sentence.endswith("."), knob
        assert knob.environment in {"HOST", "PORT"} or knob.environment.startswith("ONEDTOUCH_")


def test_help_lists_each_with_its_names_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        settings_from(["--help"], {})
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for knob in knobs():
        assert knob.flag in said
        assert knob.environment in said


def test_the_table_has_a_row_for_each() -> None:
    rows = settings_table().splitlines()[2:]
    assert len(rows) == len(knobs())
    first = "| `--host` | `HOST` | `127.0.0.1` | Address to listen on. |"
    assert rows[0] == first


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--introspection", "maybe"], "--introspection (ONEDTOUCH_INTROSPECTION) must be true"),
        (["--deadline", "nan"], "--deadline (ONEDTOUCH_DEADLINE) must be a number."),
        (["--deadline", "0"], "--deadline (ONEDTOUCH_DEADLINE) must be at least 0.01."),
        (["--log-format", "xml"], "--log-format (ONEDTOUCH_LOG_FORMAT) must be one of console, js"),
        (["--retry-budget", "2"], "--retry-budget (ONEDTOUCH_RETRY_BUDGET) must be a share"),
        (["--most-concurrent", "0"], "--most-concurrent (ONEDTOUCH_MOST_CONCURRENT) must be at"),
        (["--upstream", "http://"], "--upstream (ONEDTOUCH_UPSTREAM) must be an http or https"),
        (["--upstream", "http://h:port"], "--upstream (ONEDTOUCH_UPSTREAM) must be an http or"),
        (["--upstream", "file:///etc"], "--upstream (ONEDTOUCH_UPSTREAM) must be an http or"),
        (["--upstream", "http://a host"], "--upstream (ONEDTOUCH_UPSTREAM) must be an http or"),
        (["--host", ""], "--host (HOST) must not be empty."),
        (["--trusted-proxies", "10.0.0.1,proxy"], "--trusted-proxies (ONEDTOUCH_TRUSTED_PROXIES"),
        (["--trusted-proxies", "10.0.0.1/8"], "--trusted-proxies (ONEDTOUCH_TRUSTED_PROXIES) mus"),
        (["--cors-origins", "app.example"], "--cors-origins (ONEDTOUCH_CORS_ORIGINS) must be"),
        (["--cors-origins", "https://a.example/"], "--cors-origins (ONEDTOUCH_CORS_ORIGINS) must"),
        (["--port"], "argument --port: expected one argument (--help lists all settings)."),
    ],
)
def test_what_cannot_be_right_is_told_in_a_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(BadSetting) as told:
        settings_from(arguments, {})
    assert str(told.value).startswith(sentence)


def test_no_value_that_may_be_secret_is_repeated() -> None:
    with pytest.raises(BadSetting) as told:
        settings_from(["--upstream", "ftp://user:canary@host"], {})
    assert "canary" not in str(told.value)
    settings = settings_from(
        ["--cache-secret", "canary", "--redis-url", "redis://:canary@host"], {}
    )
    assert "canary" not in repr(settings)


def test_the_readme_has_all_settings() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    assert settings_table() in readme, "run scripts/print-settings"

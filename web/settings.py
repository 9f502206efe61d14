"""The settings: made once from arguments and environment, and passed down; nothing else reads them.

Each has a name, a flag, an environment name, a default and a sentence; `--help`, the README's
table and a test come from them. Those of the REST client (upstream.policy) and the limits of one
request (web.limits) are taken over field by field, so a new field there is a setting at once.
"""

import argparse
import ast
import dataclasses
import inspect
import math
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_network
from types import NoneType, UnionType
from typing import Any, Final, Literal, NoReturn, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

from upstream.policy import Policy

from .limits import Limits

PREFIX: Final = "ONEDTOUCH_"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})


class BadSetting(Exception):
    """A setting that can't be right; the sentence is for the operator's terminal."""


def setting(  # noqa: PLR0913 - each is a property of its own, and by keyword
    default: object,
    sentence: str,
    *,
    environment: str | None = None,
    least: float = 0,
    most: float = math.inf,
    choices: Sequence[str] = (),
) -> Any:
    """A field of Settings, with what `--help` says of it and which values are possible."""
    about = {
        "help": sentence,
        "environment": environment,
        "least": least,
        "most": most,
        "choices": tuple(choices),
    }
    return field(default=default, metadata=about)


@dataclass(frozen=True)
class Settings:
    """What the operator chose."""

    host: str = setting("127.0.0.1", "Address to listen on.", environment="HOST")
    port: int = setting(
        8000, "Port to listen on; 0 takes a free one.", environment="PORT", most=65535
    )
    upstream: str = setting(
        "", "Address of the REST API, http(s)://host. Without one the sandbox is started."
    )
    deadline: float = setting(10.0, "Seconds that an operation may take.", least=0.01)
    introspection: bool = setting(
        default=True, sentence="Whether callers may ask for the schema itself."
    )
    trusted_documents: str = setting(
        "",
        "Folder of the trusted documents: GraphQL files, and manifests of Apollo or Relay;"
        " by default the project's own queries.",
    )
    only_trusted: bool = setting(
        default=False, sentence="Whether nothing but trusted documents is executed."
    )
    persisted_queries: bool = setting(
        default=True,
        sentence="Whether callers may register documents by their hash (Apollo's APQ).",
    )
    most_errors: int = setting(
        1_000, "Errors that one answer lists, at most; it says how many it leaves out.", least=1
    )
    body_limit: int = setting(1_048_576, "Bytes that a request's body may have.", least=1)
    variables_limit: int = setting(
        262_144, "Bytes that `variables` and `extensions` may each have.", least=2
    )
    body_timeout: float = setting(
        10.0, "Seconds in which a request's body has to come in.", least=0.01
    )
    header_timeout: float = setting(
        10.0, "Seconds in which a request's line and headers have to come in.", least=0.01
    )
    header_limit: int = setting(
        32_768, "Bytes that a request's line and headers may have together.", least=256
    )
    idle_timeout: int = setting(
        75, "Seconds that an idle connection is kept; more than a proxy in front keeps its own."
    )
    rate_limit: int = setting(0, "Requests a minute that one token may send; 0 for any number.")
    rate_limit_per_address: int = setting(
        0, "Requests a minute that one address may send without a token; 0 for any number."
    )
    trusted_proxies: tuple[str, ...] = setting(
        (),
        "Addresses or networks, by commas, whose X-Forwarded-For says who asks; * for any.",
    )
    cors_origins: tuple[str, ...] = setting(
        (), "Origins, by commas, whose pages may use the API from a browser; * for any."
    )
    compression_minimum: int = setting(
        1_024, "Bytes from which an answer is compressed for who accepts gzip; 0 never compresses."
    )
    compression_level: int = setting(
        1, "How hard answers are compressed, 1 (fast) to 9 (small).", least=1, most=9
    )
    compiled: bool = setting(
        default=True,
        sentence="Whether plain selections are compiled; off, graphql-core completes everything.",
    )
    keep_answers: bool = setting(
        default=True,
        sentence="Whether whole answers are kept, encoded, while every part of them is fresh; what "
        "is asked of the schema alone has one answer for everybody.",
    )
    share_operations: bool = setting(
        default=True,
        sentence="Whether equal queries of one token that are under way at once are executed once.",
    )
    scans: bool = setting(
        default=True,
        sentence="Whether a short list is read where many of its objects are wanted by number.",
    )
    log_format: str = setting(
        "console", "How log lines look: console or json.", choices=("console", "json")
    )
    log_level: str = setting(
        "info",
        "The least severe line that is logged.",
        choices=("debug", "info", "warning", "error"),
    )
    log_requests: bool = setting(default=True, sentence="Whether each request gets a log line.")
    drain_pause: float = setting(
        0.5, "Seconds between SIGTERM, when /readyz turns 503, and the end of listening."
    )
    drain_bound: int = setting(
        15, "Seconds that requests under way may still take when the server stops."
    )
    malloc_threshold: int = setting(
        67_108_864,
        "Bytes up to which glibc's malloc keeps memory for reuse; 0 leaves it alone.",
        most=2**31 - 1,
    )
    live_interval: float = setting(
        10.0,
        "Seconds between two looks for new deliveries, for each token that subscribes to them.",
        least=0.05,
        most=3600,
    )
    live_subscriptions: int = setting(
        1_000, "Subscriptions that may be open, over all connections.", most=100_000
    )
    live_operations_per_socket: int = setting(
        100, "Operations that one WebSocket may have under way, subscriptions included.", most=1_000
    )
    live_sockets: int = setting(1_000, "WebSockets that may be open.", most=100_000)
    live_init_timeout: float = setting(
        10.0, "Seconds in which a WebSocket's client has to introduce itself.", least=0.01
    )
    policy: Policy = field(default_factory=Policy)
    limits: Limits = field(default_factory=Limits)


GROUPS: Final[Mapping[str, type]] = {"policy": Policy, "limits": Limits}
"""The fields of Settings that hold settings themselves."""

# Their names are clear inside the REST client; outside, they could be the server's own.
_TOWARDS_UPSTREAM: Final = frozenset(
    {"compression", "connect_timeout", "keepalive", "most_body_bytes", "request_timeout"}
)


def _public_name(group: str, name: str) -> str:
    if group == "limits":
        return f"limit_{name}"
    return f"upstream_{name}" if name in _TOWARDS_UPSTREAM else name


@dataclass(frozen=True)
class Knob:
    """One setting as the operator sees it; `path` is where its value stands in Settings."""

    path: tuple[str, ...]
    name: str
    flag: str
    environment: str
    default: Any
    kind: Any
    sentence: str
    least: float
    most: float
    choices: tuple[str, ...]

    def value(self, text: str) -> Any:
        """The value that a text stands for; raises BadSetting."""
        try:
            value = _value(self.kind, text.strip())
        except ValueError:
            raise self._bad(f"must be {_described(self.kind)}") from None
        if self.choices and value not in self.choices:
            raise self._bad(f"must be one of {', '.join(self.choices)}")
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            if value < self.least:
                raise self._bad(f"must be at least {self.least:g}")
            if value > self.most:
                raise self._bad(f"must be at most {self.most:g}")
        is_sound, what = _SOUND.get(self.name, (None, ""))
        if is_sound is not None and not is_sound(value):
            raise self._bad(what)
        return value

    def _bad(self, what: str) -> BadSetting:
        # The value itself is not repeated: it may hold a password.
        return BadSetting(f"{self.flag} ({self.environment}) {what}.")

    @property
    def shown_default(self) -> str:
        """The default as the operator would write it."""
        if self.default is None or self.default in ("", ()):
            return ""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        if isinstance(self.default, tuple):
            return ",".join(map(str, self.default))
        return f"{self.default:g}" if isinstance(self.default, float) else str(self.default)


@cache
def knobs() -> tuple[Knob, ...]:
    """All settings, those of Settings itself first."""
    found = [
        _knob((each.name,), each.name, Settings, each)
        for each in dataclasses.fields(Settings)
        if each.name not in GROUPS
    ]
    for group, cls in GROUPS.items():
        found += [
            _knob((group, each.name), _public_name(group, each.name), cls, each)
            for each in dataclasses.fields(cls)
        ]
    return tuple(found)


def _knob(path: tuple[str, ...], name: str, cls: type, each: "dataclasses.Field[Any]") -> Knob:
    about = each.metadata
    kind = get_type_hints(cls)[each.name]
    sentence = about.get("help") or _documented(cls).get(each.name, "")
    if path[0] == "limits":
        sentence = f"{_in_words(each.name)}, at most. {sentence}".strip()
    return Knob(
        path,
        name,
        "--" + name.replace("_", "-"),
        about.get("environment") or PREFIX + name.upper(),
        each.default,
        kind,
        sentence,
        about.get("least", 0),
        about.get("most", math.inf),
        tuple(about.get("choices", ())) or _literals(kind),
    )


def _literals(kind: Any) -> tuple[str, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


@cache
def _documented(cls: type) -> Mapping[str, str]:
    """The sentences that stand as strings under a class's fields, in one line each."""
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class
    found = {}
    for declared, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(declared, ast.AnnAssign)
            and isinstance(declared.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            found[declared.target.id] = " ".join(after.value.value.split())
    return found


def _in_words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def settings_from(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """The settings that arguments and environment name; an argument wins over the environment.

    Raises BadSetting with one clear sentence; `--help` prints and ends the process.
    """
    parser = _parser()
    chosen = vars(parser.parse_args(arguments))
    values: dict[tuple[str, ...], Any] = {}
    for knob in knobs():
        text = chosen[knob.name]
        if text is None:
            # a variable that is there and empty is how people unset one
            text = environment.get(knob.environment) or None
        if text is not None:
            values[knob.path] = knob.value(text)
    own = {path[0]: value for path, value in values.items() if len(path) == 1}
    for group, cls in GROUPS.items():
        inner = {path[1]: value for path, value in values.items() if path[0] == group}
        try:
            own[group] = cls(**inner)
        except ValueError as error:
            raise BadSetting(f"{with_its_flag(group, str(error))}.") from None
    return Settings(**own)


def with_its_flag(group: str, complaint: str) -> str:
    """A complaint that begins with a field's name, with the operator's name in its place."""
    name, _, what = complaint.partition(" ")
    for knob in knobs():
        if knob.path == (group, name):
            return f"{knob.flag} ({knob.environment}) {what}"
    return complaint


class _Parser(argparse.ArgumentParser):
    """A parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        raise BadSetting(f"{message} (--help lists all settings).")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python server.py",
        description="One GraphQL schema in front of the 1D touch REST API.",
        epilog="An argument wins over its environment variable.",
        allow_abbrev=False,
    )
    for knob in knobs():
        sentence = f"{knob.sentence} {knob.environment}"
        if knob.shown_default:
            sentence += f", default {knob.shown_default}"
        parser.add_argument(
            knob.flag, dest=knob.name, metavar="X", help=sentence.replace("%", "%%")
        )
    return parser


def settings_table() -> str:
    """The README's table of all settings, in Markdown."""
    rows = [
        f"| `{knob.flag}` | `{knob.environment}` |"
        f" {f'`{knob.shown_default}`' if knob.shown_default else ''} | {knob.sentence} |"
        for knob in knobs()
    ]
    head = ["| argument | environment | default | what it is |", "| --- | --- | --- | --- |"]
    return "\n".join([*head, *rows]) + "\n"


def _value(kind: Any, text: str) -> Any:
    """The value of a type that a text stands for; raises ValueError."""
    if get_origin(kind) in (UnionType, Union):
        return None if text.lower() in {"", "none"} else _value(_not_none(kind), text)
    if get_origin(kind) is tuple:
        return tuple(part.strip() for part in text.split(",") if part.strip())
    if get_origin(kind) is Literal:
        return text
    parsers: dict[Any, Callable[[str], Any]] = {bool: _truth, int: int, float: _finite, str: str}
    return parsers[kind](text)


def _not_none(kind: Any) -> Any:
    (inner,) = (one for one in get_args(kind) if one is not NoneType)
    return inner


def _truth(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError
    return number


def _described(kind: Any) -> str:
    if get_origin(kind) in (UnionType, Union):
        return f"{_described(_not_none(kind))} or none"
    return {bool: "true or false", int: "a whole number", float: "a number"}[kind]


def _is_address_or_none(url: str) -> bool:
    try:
        parts = urlsplit(url)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    return not url or (sound and not re.search(r"\s", url))


def _are_networks(texts: Sequence[str]) -> bool:
    # Uvicorn takes anything else for a name, which no address ever equals.
    try:
        return all(text == "*" or ip_network(text) for text in texts)
    except ValueError:
        return False


def _are_origins(texts: Sequence[str]) -> bool:
    return all(text in {"*", "null"} or _ORIGIN.fullmatch(text) for text in texts)


# RFC 6454, 7: what a browser sends, in which there is no path, not even a slash.
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+")

_SOUND: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "host": (bool, "must not be empty"),
    "upstream": (_is_address_or_none, "must be an http or https address"),
    "trusted_proxies": (_are_networks, "must be addresses or networks, by commas, or *"),
    "cors_origins": (_are_origins, "must be origins as in https://app.example, by commas, or *"),
}
"""Settings that not every text of their type can be: what can, and how that is said."""

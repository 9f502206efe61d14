"""The effects: what an order can make of a request; each is a value, and says what it does.

As JSON an effect is an object whose `kind` is the class's name in lower case, with the fields as
they stand here: `{"kind": "status", "status": 429, "retry_after": 1}`.
"""

import re
from typing import Any, Final, Literal, TypeAlias

import msgspec

from .database import CHANGEABLE, Table
from .rest import LinkForm

# Where a fault strikes: before anything is sent, behind the headers, or amid the body.
Moment: TypeAlias = Literal["request", "headers", "half"]
JunkForm: TypeAlias = Literal[
    "text",
    "html",
    "empty",
    "utf8",
    "object",
    "list",
    "string",
    "number",
    "null",
    "swapped",
    "nan",
    "digits",
    "deep",
]
LARGEST_STREAM: Final = 4096
# Some three hundred years: every date as far away can be written in a header.
FARTHEST_DATE: Final = 10**10

_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\*|[0-9]+)\]")


class Effect(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="kind",
    tag=str.lower,
):
    """What all effects are; a ValueError names the field that can't be."""


class Shaping(Effect, frozen=True):
    """An effect that lets the true answer through, changed or late; all that match apply."""


class Answering(Effect, frozen=True):
    """An effect that decides how the request ends; the first that matches applies."""


class Latency(Shaping, frozen=True):
    """The answer comes later by so many milliseconds."""

    milliseconds: float

    def __post_init__(self) -> None:
        _at_least(0, milliseconds=self.milliseconds)


class Paging(Shaping, frozen=True):
    """The list ignores `per_page` (or respects it where it did not), or has a smaller maximum."""

    ignored: bool | None = None
    maximum: int | None = None

    def __post_init__(self) -> None:
        _at_least(1, maximum=self.maximum)


class Link(Shaping, frozen=True):
    """The Link header is of this form.

    `none`: there is none. `foreign`: its addresses have another host. `lying`: there is always a
    next page, and the last is the first. `trailing`: it ends in a comma, as the documented one.
    """

    form: LinkForm


class Edit(Shaping, frozen=True):
    """Each item of the answer says something else at `path`.

    The path starts at an item of the list (or at the object), as in `title`, `label.name`,
    `tracks[*].id`, `artists[0].name`; an empty one is the item itself. `value` takes the place of
    what is there, or `delete` takes it away; a key that is not there is added. `id` or `position`
    (in the page) choose one item; without them all are changed.
    """

    path: str
    value: Any = None
    delete: bool = False
    id: int | None = None
    position: int | None = None

    def __post_init__(self) -> None:
        self.steps()

    def steps(self) -> tuple[str | int, ...]:
        """The path's keys and indexes; "[*]" stands for every index."""
        steps: list[str | int] = []
        rest = self.path
        while rest:
            matched = _STEP.match(rest)
            if matched is None:
                raise ValueError(f"{self.path!r} is no path like title or tracks[*].id")
            key, index = matched.groups()
            steps.append(key if key is not None else "[*]" if index == "*" else int(index))
            rest = rest[matched.end() :].removeprefix(".")
        return tuple(steps)


class Headers(Shaping, frozen=True):
    """The answer has these headers as well; an empty value takes one away."""

    values: dict[str, str]

    def __post_init__(self) -> None:
        _one_line(*self.values, *self.values.values())


class Caching(Shaping, frozen=True):
    """The answer has an ETag (304 for If-None-Match) and, if it is given, Cache-Control."""

    cache_control: str | None = None
    etag: bool = True
    weak: bool = False

    def __post_init__(self) -> None:
        _one_line(self.cache_control or "")


class Compressed(Shaping, frozen=True):
    """The answer is compressed with gzip, whether or not that was accepted."""


class Insert(Shaping, frozen=True):
    """Before the answer, a row is put in front of the one at `position` of the listing.

    The listing is the one that is asked for (its dates and its user's rights), or `table`.
    `values` are columns (title, name, ...).
    """

    position: int
    id: int | None = None
    table: Table | None = None
    values: dict[str, str | int | float | bool | None] = {}

    def __post_init__(self) -> None:
        allowed = CHANGEABLE[self.table] if self.table else frozenset().union(*CHANGEABLE.values())
        unknown = sorted(self.values.keys() - allowed)
        if unknown:
            raise ValueError(f"values can't hold {', '.join(unknown)}")


class Delete(Shaping, frozen=True):
    """Before the answer, the row at `position` of the listing, or the one with `id`, goes."""

    position: int | None = None
    id: int | None = None
    table: Table | None = None

    def __post_init__(self) -> None:
        if (self.position is None) == (self.id is None):
            raise ValueError("give position or id, and not both")


class Status(Answering, frozen=True):
    """The answer has this status.

    `retry_after` is the header's value, `retry_at` the same as an HTTP date so many seconds away.
    `body` is JSON about the error unless it is given.
    """

    status: int
    body: str | None = None
    content_type: str | None = None
    retry_after: int | str | None = None
    retry_at: float | None = None
    location: str | None = None

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 599:  # noqa: PLR2004 - what can end a request
            raise ValueError("status must be from 200 to 599")
        _one_line(self.content_type or "", str(self.retry_after or ""), self.location or "")
        if self.retry_at is not None and abs(self.retry_at) > FARTHEST_DATE:
            raise ValueError(f"retry_at must be within {FARTHEST_DATE} seconds of now")


class Junk(Answering, frozen=True):
    """The answer has status 200 and is not what it should be.

    `text`, `html`, `empty` and `utf8` (invalid) are not JSON, nor are `nan` (it has NaN and
    Infinity in it) and `deep` (100,000 brackets, none closed). `object`, `list`, `string`,
    `number` and `null` are JSON of that shape; `swapped` is the true answer, an object where a
    list belongs and a list where an object does. `digits` is the true answer with ids of 10,000
    digits.
    """

    form: JunkForm


class Reset(Answering, frozen=True):
    """The connection is reset (RST)."""

    after: Moment = "request"


class Hang(Answering, frozen=True):
    """Nothing comes any more, and the connection stays open."""

    after: Moment = "request"


class Drip(Answering, frozen=True):
    """The true body comes a byte at a time; where `endless`, spaces follow in front of its end."""

    milliseconds: float = 50
    endless: bool = True

    def __post_init__(self) -> None:
        _at_least(0, milliseconds=self.milliseconds)


class Cut(Answering, frozen=True):
    """The connection is closed when `share` of the body was sent; `chunked` gives no length."""

    share: float = 0.5
    chunked: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise ValueError("share must be at least 0 and less than 1")


class Huge(Answering, frozen=True):
    """The true body, with so many megabytes of spaces in front of its last byte."""

    megabytes: int

    def __post_init__(self) -> None:
        _at_least(1, megabytes=self.megabytes)
        if self.megabytes > LARGEST_STREAM:
            raise ValueError(f"megabytes must be at most {LARGEST_STREAM}")


class Bomb(Huge, frozen=True):
    """The same as `Huge`, compressed a thousandfold by gzip."""


AnyShaping: TypeAlias = (
    Latency | Paging | Link | Edit | Headers | Caching | Compressed | Insert | Delete
)
AnyAnswering: TypeAlias = Status | Junk | Reset | Hang | Drip | Cut | Huge | Bomb
AnyEffect: TypeAlias = AnyShaping | AnyAnswering


def _at_least(least: float, **values: float | None) -> None:
    for name, value in values.items():
        if value is not None and value < least:
            raise ValueError(f"{name} must be at least {least}")


def _one_line(*texts: str) -> None:
    if any(map(_CONTROL.search, texts)):
        raise ValueError("a header is one line, without control characters")

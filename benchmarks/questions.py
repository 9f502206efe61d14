"""The soak's questions: operations with the answers that the sandbox's rows demand.

An answer is right where it equals what is demanded, and excused where null stands instead and an
error has that path, or one below it: a failure nulls the nearest nullable field.
"""

import base64
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import sandbox

from .children import asked

Json: TypeAlias = dict[str, Any]
Row: TypeAlias = dict[str, Any]
Path: TypeAlias = tuple[str | int, ...]

ANYTHING: Final = object()
"""Where any value is right: cursors are opaque."""

NOTHING_BUT_AN_ERROR: Final = object()
"""Where no value is right, only null with an error."""


@dataclass(frozen=True)
class Truth:
    """What one user may see, by number where rows have addresses of their own.

    `numbers` are all albums' that any user sees. `deliveries` is None for a user without rights.
    """

    username: str
    day: str
    numbers: Sequence[int]
    albums: Mapping[int, Row]
    tracks: Mapping[int, Row]
    artists: Sequence[Row]
    labels: Sequence[Row]
    listenings: Sequence[Row]
    deliveries: Sequence[Row] | None


def truth(url: str, username: str, day: str) -> Truth:
    """What the sandbox at an address says of a user and a day."""

    def rows(table: str, user: str, days: str = "") -> list[Row]:
        found: list[Row] = asked(f"{url}/_sandbox/rows/{table}?user={user}{days}")["rows"]
        return found

    days = f"&since={day}&until={day}"
    albums = rows("albums", username)
    allowed = username == sandbox.LISTENER
    return Truth(
        username,
        day,
        [album["id"] for album in rows("albums", sandbox.LISTENER)],
        {album["id"]: album for album in albums},
        {track["id"]: track for album in albums for track in album["tracks"]},
        rows("artists", username),
        rows("labels", username),
        rows("listenings", username, days),
        rows("deliveries", username, days) if allowed else None,
    )


@dataclass(frozen=True)
class Question:
    """An operation, what its data must be, and what is asked next with the cursor it ends with."""

    query: str
    variables: Json
    expected: Json
    following: Callable[[str], "Question"] | None = None


Maker: TypeAlias = Callable[[Truth, random.Random], Question]

_TRACK: Final = "databaseId isrc title duration highBitrateUrl"
_ALBUM: Final = (
    "databaseId icpn title releasedAt genres label { databaseId name }"
    f" artists {{ databaseId name }} tracks {{ {_TRACK} }}"
)


def _named(row: Row | None) -> Json | None:
    return row and {"databaseId": row["id"], "name": row["name"]}


def _track(row: Row | None) -> Json | None:
    return row and {
        "databaseId": row["id"],
        "isrc": row["isrc"],
        "title": row["title"],
        "duration": row["duration"],
        "highBitrateUrl": row["high_bitrate_url"],
    }


def _album(row: Row | None) -> Json | None:
    return row and {
        "databaseId": row["id"],
        "icpn": row["icpn"],
        "title": row["title"],
        "releasedAt": row["released_at"],
        "genres": row["genres"],
        "label": _named(row["label"]),
        "artists": [_named(artist) for artist in row["artists"]],
        "tracks": [_track(track) for track in row["tracks"]],
    }


def one_album(truth: Truth, dice: random.Random) -> Question:
    """An album by its number, be it one that this user has no right on."""
    number = dice.choice(truth.numbers)
    return Question(
        f"query($id: ID!) {{ album(id: $id) {{ {_ALBUM} }} }}",
        {"id": str(number)},
        {"album": _album(truth.albums.get(number))},
    )


def one_track(truth: Truth, dice: random.Random) -> Question:
    """A track by its number."""
    number = dice.choice(list(truth.tracks))
    row = _track(truth.tracks[number]) or {}
    return Question(
        f"query($id: ID!) {{ track(id: $id) {{ {_TRACK} availableTerritories }} }}",
        {"id": str(number)},
        {"track": {**row, "availableTerritories": truth.tracks[number]["available_territories"]}},
    )


def several_albums(truth: Truth, dice: random.Random) -> Question:
    """Albums by their global IDs, in one request."""
    numbers = dice.sample(truth.numbers, 8)
    return Question(
        f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Album {{ {_ALBUM} }} }} }}",
        {"ids": [base64.b64encode(f"Album:{number}".encode()).decode() for number in numbers]},
        {"nodes": [_album(truth.albums.get(number)) for number in numbers]},
    )


def album_pages(truth: Truth, dice: random.Random) -> Question:
    """Two windows, one after the other."""
    size = dice.choice((1, 7, 25, 60, 130))
    query = (
        "query($first: Int, $after: String) { albums(first: $first, after: $after) {"
        f" pageInfo {{ endCursor }} nodes {{ {_ALBUM} }} }} }}"
    )
    rows = [_album(row) for row in truth.albums.values()]

    def page(start: int) -> Json:
        found = rows[start : start + size]
        return {"albums": {"pageInfo": {"endCursor": ANYTHING}, "nodes": found}}

    def second(cursor: str) -> Question:
        return Question(query, {"first": size, "after": cursor}, page(size))

    return Question(query, {"first": size}, page(0), second)


def last_artists(truth: Truth, dice: random.Random) -> Question:
    """A window from the end of a list that respects per_page."""
    last = dice.choice((1, 25, 110))
    return Question(
        "query($last: Int) { artists(last: $last) { nodes { databaseId name } } }",
        {"last": last},
        {"artists": {"nodes": [_named(row) for row in truth.artists[-last:]]}},
    )


def first_labels(truth: Truth, dice: random.Random) -> Question:
    """A window of a list that ignores per_page."""
    first = dice.choice((1, 25, 80))
    return Question(
        "query($first: Int) { labels(first: $first) { nodes { databaseId name } } }",
        {"first": first},
        {"labels": {"nodes": [_named(row) for row in truth.labels[:first]]}},
    )


def listenings(truth: Truth, dice: random.Random) -> Question:
    """A day's plays, with the album and the track of each."""
    first = dice.choice((10, 50))

    def joined(row: Row) -> Json:
        return {
            "databaseId": row["id"],
            "trackIsrc": row["track_isrc"],
            "user": {"name": row["user"]["name"]},
            "track": _track(truth.tracks.get(row["track_id"])),
            "album": _album(truth.albums.get(row["album"]["id"])),
        }

    return Question(
        "query($first: Int, $day: Date) { listenings(first: $first, since: $day, until: $day) {"
        f" nodes {{ databaseId trackIsrc user {{ name }} track {{ {_TRACK} }} album {{ {_ALBUM} }}"
        " } } }",
        {"first": first, "day": truth.day},
        {"listenings": {"nodes": [joined(row) for row in truth.listenings[:first]]}},
    )


def deliveries(truth: Truth, dice: random.Random) -> Question:
    """A day's deliveries with their albums' titles; not for every user."""
    first = dice.choice((5, 25))

    def joined(row: Row) -> Json:
        album = truth.albums.get(row["album"]["id"])
        return {
            "databaseId": row["id"],
            "type": row["type"].upper(),
            "album": album and {"title": album["title"]},
        }

    rows: Any = (
        NOTHING_BUT_AN_ERROR
        if truth.deliveries is None
        else {"nodes": [joined(row) for row in truth.deliveries[:first]]}
    )
    return Question(
        "query($first: Int, $day: Date) { deliveries(first: $first, since: $day, until: $day) {"
        " nodes { databaseId type album { title } } } }",
        {"first": first, "day": truth.day},
        {"deliveries": rows},
    )


# As often as they stand here.
MAKERS: Final[tuple[Maker, ...]] = (
    *(one_album, one_album, one_album, one_track, one_track, several_albums, album_pages),
    *(album_pages, last_artists, first_labels, listenings, listenings, deliveries),
)


def wrong_places(
    actual: Any, expected: Any, failed: Sequence[Path], path: Path = ()
) -> Iterator[tuple[Path, str]]:
    """Where an answer's data is neither what is demanded nor excused by an error, and how so."""
    if expected is ANYTHING or actual == expected:
        return
    if actual is None and any(error[: len(path)] == path for error in failed):
        return
    if isinstance(actual, dict) and isinstance(expected, dict) and actual.keys() == expected.keys():
        for key, value in expected.items():
            yield from wrong_places(actual[key], value, failed, (*path, key))
    elif isinstance(actual, list) and isinstance(expected, list) and len(actual) == len(expected):
        for index, (one, other) in enumerate(zip(actual, expected, strict=True)):
            yield from wrong_places(one, other, failed, (*path, index))
    else:
        yield path, f"{_brief(actual)} instead of {_brief(expected)}"


def _brief(value: Any) -> str:
    if isinstance(value, list):
        numbers = [each.get("databaseId") for each in value if isinstance(each, dict)]
        return f"{len(value)} items, numbers {numbers[:1]} to {numbers[-1:]}"
    return f"{value!r:.80}"


def rows_of_others(data: Any, truth: Truth) -> Iterator[str]:
    """What an answer's data holds that this user has no right on, wherever it stands."""
    if isinstance(data, list):
        for each in data:
            if not isinstance(each, str):
                yield from rows_of_others(each, truth)
    elif isinstance(data, dict):
        number = data.get("databaseId")
        if "icpn" in data and number not in truth.albums:
            yield f"album {number}"
        if "trackIsrc" in data and all(number != row["id"] for row in truth.listenings):
            yield f"listening {number}"
        if data.get("highBitrateUrl") is not None:
            track = truth.tracks.get(number) if isinstance(number, int) else None
            if track is None or track["high_bitrate_url"] is None:
                yield f"a stream of track {number}"
        for each in data.values():
            yield from rows_of_others(each, truth)

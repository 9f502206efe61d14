"""The encoding: rows of the database as the JSON that the REST API serves."""

# ruff: noqa: S608 - what stands in a query's text are our own table and column names

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from . import documented
from .catalogue import TERRITORY_LISTS

Encode: TypeAlias = Callable[..., list[bytes]]
"""The JSON of the rows with these numbers, in this order.

Takes a connection and the numbers, and by keyword `streams`: whether tracks show stream URLs.
KeyError where there is no row of a number.
"""

_encode: Final = msgspec.json.Encoder().encode

# Encoded once for all databases of the process: the full list alone is 1.5 KB, and repeats.
_TERRITORIES: Final = tuple(msgspec.Raw(_encode(codes)) for codes in TERRITORY_LISTS)


def _marks(numbers: Sequence[int]) -> str:
    # Numbers, never text: nothing can be smuggled into the query, and there is no limit on
    # their count as there is on bound variables.
    return ",".join(str(int(number)) for number in numbers)


def _encoded_names(table: str) -> Encode:
    def encode(
        connection: sqlite3.Connection, numbers: Sequence[int], *, streams: bool
    ) -> list[bytes]:
        del streams  # names are the same for everybody
        query = f"SELECT id, name FROM {table} WHERE id IN ({_marks(numbers)})"
        found = {row["id"]: dict(row) for row in connection.execute(query)}
        return [_encode(found[number]) for number in numbers]

    return encode


def _encoded_albums(
    connection: sqlite3.Connection, numbers: Sequence[int], *, streams: bool
) -> list[bytes]:
    among = _marks(numbers)
    albums = {
        row["id"]: row
        for row in connection.execute(
            "SELECT albums.*, labels.name AS label_name FROM albums"
            f" LEFT JOIN labels ON labels.id = label_id WHERE albums.id IN ({among})"
        )
    }
    artists: dict[int, list[dict[str, object]]] = {}
    for row in connection.execute(
        "SELECT album_id, artists.id, name FROM credits JOIN artists ON artists.id = artist_id"
        f" WHERE album_id IN ({among}) ORDER BY album_id, place"
    ):
        artists.setdefault(row["album_id"], []).append({"id": row["id"], "name": row["name"]})
    tracks: dict[int, list[dict[str, object]]] = {}
    for row in connection.execute(
        f"SELECT * FROM tracks WHERE album_id IN ({among})"
        " ORDER BY album_id, disc_number, track_number"
    ):
        tracks.setdefault(row["album_id"], []).append(_track(row, streams=streams))
    return [
        _encode(
            {
                "id": number,
                "icpn": albums[number]["icpn"],
                "title": albums[number]["title"],
                "genres": msgspec.Raw(albums[number]["genres"].encode()),
                "released_at": albums[number]["released_at"],
                "cover": _cover(albums[number]["cover"]),
                "artists": artists.get(number, []),
                "label": None
                if albums[number]["label_name"] is None
                else {"id": albums[number]["label_id"], "name": albums[number]["label_name"]},
                "tracks": tracks.get(number, []),
            }
        )
        for number in numbers
    ]


def _encoded_tracks(
    connection: sqlite3.Connection, numbers: Sequence[int], *, streams: bool
) -> list[bytes]:
    query = (
        "SELECT tracks.*, cover FROM tracks JOIN albums ON albums.id = album_id"
        f" WHERE tracks.id IN ({_marks(numbers)})"
    )
    found = {
        row["id"]: {**_track(row, streams=streams), "cover": _cover(row["cover"])}
        for row in connection.execute(query)
    }
    return [_encode(found[number]) for number in numbers]


def _encoded_listenings(
    connection: sqlite3.Connection, numbers: Sequence[int], *, streams: bool
) -> list[bytes]:
    del streams  # a listening has no stream URLs
    query = (
        "SELECT listenings.*, distributors.name AS distributor_name, users.name AS user_name,"
        " stations.name AS station_name FROM listenings"
        " JOIN distributors ON distributors.id = distributor_id"
        " JOIN users ON users.id = user_id"
        " JOIN stations ON stations.id = listenings.station_id"
        f" WHERE listenings.id IN ({_marks(numbers)})"
    )
    found = {row["id"]: _listening(row) for row in connection.execute(query)}
    return [_encode(found[number]) for number in numbers]


def _encoded_deliveries(
    connection: sqlite3.Connection, numbers: Sequence[int], *, streams: bool
) -> list[bytes]:
    del streams  # a delivery has no stream URLs
    query = f"SELECT * FROM deliveries WHERE id IN ({_marks(numbers)})"
    found = {
        row["id"]: {
            "id": row["id"],
            "created_at": row["created_at"],
            "updated_at": row["updated_at"],
            "finished_at": row["finished_at"],
            "type": row["type"],
            "album": {
                "id": row["album_id"],
                "url": f"{documented.DELIVERY_LINKS}/albums/{row['album_id']}",
            },
        }
        for row in connection.execute(query)
    }
    return [_encode(found[number]) for number in numbers]


def _track(row: sqlite3.Row, *, streams: bool) -> dict[str, object]:
    stream = row["stream"] if streams else None
    return {
        "id": row["id"],
        "isrc": row["isrc"],
        "title": row["title"],
        "duration": _duration(row["seconds"]),
        "genres": msgspec.Raw(row["genres"].encode()),
        "disc_number": row["disc_number"],
        "track_number": row["track_number"],
        "explicit": bool(row["explicit"]),
        "high_bitrate_url": stream and f"{documented.STREAMS}/{stream}_320k.mp3",
        "low_bitrate_url": stream and f"{documented.STREAMS}/{stream}_192k.mp3",
        "available_territories": _TERRITORIES[row["territory_list"]],
    }


def _listening(row: sqlite3.Row) -> dict[str, object]:
    album_id, album_title = json.loads(row["album"])
    label = None if row["label"] is None else json.loads(row["label"])
    return {
        "id": row["id"],
        "track_id": row["track_id"],
        "track_isrc": row["track_isrc"],
        "three_seconds": bool(row["three_seconds"]),
        "thirty_seconds": bool(row["thirty_seconds"]),
        "fifty_percents": bool(row["fifty_percents"]),
        "ninety_five_percents": bool(row["ninety_five_percents"]),
        "distributor": {"id": row["distributor_id"], "name": row["distributor_name"]},
        "label": label and _stub("labels", "name", *label),
        "album": _stub("albums", "title", album_id, album_title),
        "artists": [_stub("artists", "name", *artist) for artist in json.loads(row["artists"])],
        "user": {
            "id": row["user_id"],
            "name": row["user_name"],
            "station": {"id": row["station_id"], "name": row["station_name"]},
        },
    }


def _stub(table: str, called: str, number: int, name: str) -> dict[str, object]:
    return {"id": number, called: name, "url": f"{documented.STUB_LINKS}/{table}/{number}"}


def _cover(stem: str | None) -> dict[str, str] | None:
    if stem is None:
        return None
    return {
        f"{size}_url": f"{documented.COVERS}/{size}_{stem}.jpg"
        for size in ("small", "medium", "large")
    }


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"PT{hours:02d}H{rest // 60:02d}M{rest % 60:02d}S"


ENCODERS: Final[Mapping[str, Encode]] = {
    "albums": _encoded_albums,
    "artists": _encoded_names("artists"),
    "labels": _encoded_names("labels"),
    "tracks": _encoded_tracks,
    "listenings": _encoded_listenings,
    "deliveries": _encoded_deliveries,
}
"""By the table of the rows."""

"""The benchmark's catalogue: deterministic rows in the REST API's shapes, encoded once.

Sizes are those of the real thing: an album of 12 tracks is 20 kB, most of it territory codes, and
a page of 100 albums 2 MB. A page of 100 listenings names 40 albums and 87 tracks, each on one of
those albums.
"""

import json
import random
from collections.abc import Callable
from functools import cache
from itertools import product
from string import ascii_uppercase
from typing import Any, Final

ALBUMS: Final = 600
TRACKS_PER_ALBUM: Final = 12
ARTISTS: Final = 300
LABELS: Final = 120
LISTENINGS: Final = 300

LARGEST_PAGE: Final = 100
ALBUMS_HEARD: Final = 40
TRACKS_HEARD: Final = 87

FIRST_ALBUM: Final = 1001
FIRST_TRACK: Final = 50001
FIRST_LISTENING: Final = 900001

_TERRITORIES: Final = ["".join(pair) for pair in product(ascii_uppercase, repeat=2)][:249]
_WORDS: Final = (
    *("nocturne", "harbour", "étude", "silver", "morning", "letters", "quiet", "machine"),
    *("prélude", "garden", "winter", "avenue", "signal", "ocean", "mirror", "cathedral"),
    *("paper", "summer", "electric", "shadow", "river", "königin", "lantern", "waltz"),
)
_STORE: Final = "https://storage.example.com/music"


def _dice(*seed: object) -> random.Random:
    return random.Random(repr(seed))  # noqa: S311 - reproducible, not secret


def _title(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(_WORDS, k=words)).capitalize()


def artist(number: int) -> dict[str, Any]:
    """One artist."""
    return {"id": number, "name": _title(_dice("artist", number), 2)}


def label(number: int) -> dict[str, Any]:
    """One label."""
    return {"id": number, "name": f"{_title(_dice('label', number), 1)} Records"}


def _cover(icpn: str) -> dict[str, str]:
    return {f"{size}_url": f"{_STORE}/{size}_{icpn}.jpg" for size in ("small", "medium", "large")}


def _album_track(number: int) -> dict[str, Any]:
    dice = _dice("track", number)
    isrc = f"FR{dice.choice(ascii_uppercase)}9W15{number:05}"
    return {
        "id": number,
        "isrc": isrc,
        "title": _title(dice, 5),
        "duration": f"PT00H{dice.randint(1, 14):02}M{dice.randint(0, 59):02}S",
        "genres": [_title(dice, 1)],
        "disc_number": 1,
        "track_number": (number - FIRST_TRACK) % TRACKS_PER_ALBUM + 1,
        "explicit": dice.random() < 0.1,  # noqa: PLR2004 - a tenth of them
        "high_bitrate_url": f"{_STORE}/{isrc.lower()}_320k.mp3",
        "low_bitrate_url": f"{_STORE}/{isrc.lower()}_192k.mp3",
        "available_territories": _TERRITORIES,
    }


def tracks_of(album_number: int) -> range:
    """The numbers of an album's tracks."""
    first = FIRST_TRACK + (album_number - FIRST_ALBUM) * TRACKS_PER_ALBUM
    return range(first, first + TRACKS_PER_ALBUM)


def album(number: int) -> dict[str, Any]:
    """One album with everything in it."""
    dice = _dice("album", number)
    icpn = f"37005{number:08}"
    return {
        "id": number,
        "icpn": icpn,
        "title": _title(dice, 3),
        "genres": [f"{_title(dice, 1)} : {_title(dice, 2)}"],
        "released_at": f"{dice.randint(1960, 2025)}-{dice.randint(1, 12):02}-15",
        "cover": _cover(icpn),
        "artists": [artist(each) for each in dice.sample(range(1, ARTISTS + 1), 2)],
        "label": label(dice.randint(1, LABELS)),
        "tracks": [_album_track(each) for each in tracks_of(number)],
    }


def track(number: int) -> dict[str, Any]:
    """One track as its own address gives it: with a cover."""
    on = FIRST_ALBUM + (number - FIRST_TRACK) // TRACKS_PER_ALBUM
    return _album_track(number) | {"cover": _cover(f"37005{on:08}")}


def listening(place: int) -> dict[str, Any]:
    """The listening at a place of the listing."""
    page, index = divmod(place, LARGEST_PAGE)
    # The first 87 of a page are different tracks, two or three an album; the rest come again.
    heard = _dice("page", page).sample(range(LARGEST_PAGE), LARGEST_PAGE)[index] % TRACKS_HEARD
    number = FIRST_ALBUM + page * ALBUMS_HEARD + heard % ALBUMS_HEARD
    track_number = tracks_of(number)[heard // ALBUMS_HEARD]
    on = album(number)
    return {
        "id": FIRST_LISTENING + place,
        "track_id": track_number,
        "track_isrc": _album_track(track_number)["isrc"],
        "three_seconds": True,
        "thirty_seconds": heard % 2 == 0,
        "fifty_percents": heard % 4 == 0,
        "ninety_five_percents": heard % 8 == 0,
        "distributor": {"id": 1, "name": "Believe"},
        "label": on["label"] | {"url": f"http://localhost:7000/api/v1/labels/{on['label']['id']}"},
        "album": {
            "id": number,
            "title": on["title"],
            "url": f"http://localhost:7000/api/v1/albums/{number}",
        },
        "artists": on["artists"],
        "user": {"id": 1, "name": "Kévin", "station": {"id": 1, "name": "BM Lyon"}},
    }


_ROWS: Final[dict[str, tuple[int, int, Callable[[int], dict[str, Any]]]]] = {
    "albums": (FIRST_ALBUM, ALBUMS, album),
    "tracks": (FIRST_TRACK, ALBUMS * TRACKS_PER_ALBUM, track),
    "artists": (1, ARTISTS, artist),
    "labels": (1, LABELS, label),
    "listenings": (0, LISTENINGS, listening),
}
_SINGULAR: Final = {"album": "albums"}
LISTS: Final = frozenset(_ROWS) - {"tracks"}
OBJECTS: Final = (frozenset(_ROWS) | _SINGULAR.keys()) - {"listenings"}


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _row(kind: str, number: int) -> bytes:
    return _encoded(_ROWS[kind][2](number))


def one(kind: str, number: int) -> bytes | None:
    """One object as JSON, by the words of its address; None where there is none."""
    plural = _SINGULAR.get(kind, kind)
    first, count, _ = _ROWS[plural]
    return _row(plural, number) if first <= number < first + count else None


def page(kind: str, number: int, per_page: int) -> tuple[bytes, int]:
    """One page of a list as JSON, and the number of the last page."""
    first, count, _ = _ROWS[kind]
    places = range(count)[(number - 1) * per_page : number * per_page]
    rows = b",".join(_row(kind, first + place) for place in places)
    return b"[" + rows + b"]", -(-count // per_page)

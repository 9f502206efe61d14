"""What happened on a day: its listenings and deliveries, the same whenever and wherever it is made.

A day's rows depend on the seed, the catalogue and the date alone, so two sandboxes that start on
different days agree about every day that both know.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple

from . import documented
from .catalogue import AlbumRow, Catalogue, TrackRow

# Numbers of listenings and deliveries: so many are set aside for each day after this one.
FIRST_DAY: Final = date(2015, 1, 1)
NUMBERS_A_DAY: Final = 1000

# A station's listeners keep to so many albums a day, as a library's do.
ALBUMS_A_DAY: Final = 40
# The places, in every day of every station, of a listening whose album does not hold its track,
# and of one whose album is gone.
STRAY_PLACE: Final = 17
GONE_PLACE: Final = 41
GONE_ALBUMS: Final = 900_000
# One day in so many brings a large batch of deliveries.
BATCH_DAYS: Final = 6


@dataclass(frozen=True)
class Station:
    """A station, its listeners by number, and how many listenings a day it has."""

    id: int
    name: str
    users: Mapping[int, str]
    fewest: int
    most: int
    shared_only: bool


STATIONS: Final = (
    Station(
        documented.STATION[0],
        documented.STATION[1],
        {
            documented.USER[0]: documented.USER[1],
            2: "Amélie Rochebrune",
            3: "山田 花子",
            4: "ليلى منصور",
            5: "Zoë 🎧",
        },
        120,
        160,
        shared_only=False,
    ),
    Station(
        2,
        "Médiathèque de Noirétable",
        {6: "Søren Isnard", 7: "Chloé Valombreuse"},
        70,
        90,
        shared_only=True,
    ),
)

DISTRIBUTORS: Final = {**documented.DISTRIBUTORS, 3: "Aubépine Distribution", 4: "Le Comptoir"}

# How far one listening goes: 3 seconds, 30 seconds, 50 %, 95 %.
_REACHES: Final = (
    (True, False, False, False),
    (True, True, False, False),
    (True, True, True, False),
    (True, True, True, True),
    (True, True, True, True),
    (False, False, False, False),
)


class ListeningRow(NamedTuple):
    """A listening; the names in it are those of its day, whatever becomes of the album."""

    id: int
    rank: float
    day: str
    station_id: int
    user_id: int
    track_id: int
    track_isrc: str | None
    three_seconds: bool
    thirty_seconds: bool
    fifty_percents: bool
    ninety_five_percents: bool
    distributor_id: int
    label: tuple[int, str] | None
    album: tuple[int, str]
    artists: tuple[tuple[int, str], ...]


class DeliveryRow(NamedTuple):
    """A delivery; `day` is the day on which it was finished."""

    id: int
    rank: float
    day: str
    created_at: str
    updated_at: str
    finished_at: str
    type: str
    album_id: int


@dataclass(frozen=True)
class Shelf:
    """The catalogue's albums as a listener finds them: with tracks, artists and label at hand."""

    albums: tuple[AlbumRow, ...]
    tracks: Mapping[int, Sequence[TrackRow]]
    artists: Mapping[int, tuple[tuple[int, str], ...]]
    labels: Mapping[int, str]


def made_shelf(catalogue: Catalogue) -> Shelf:
    """The albums that have tracks, and what belongs to them."""
    tracks: dict[int, list[TrackRow]] = {}
    for track in catalogue.tracks:
        tracks.setdefault(track.album_id, []).append(track)
    names = {artist.id: artist.name for artist in catalogue.artists}
    artists: dict[int, tuple[tuple[int, str], ...]] = {}
    for credit in catalogue.credits:
        known = artists.get(credit.album_id, ())
        artists[credit.album_id] = (*known, (credit.artist_id, names[credit.artist_id]))
    return Shelf(
        tuple(album for album in catalogue.albums if album.id in tracks),
        tracks,
        artists,
        {label.id: label.name for label in catalogue.labels},
    )


def listenings_of_day(seed: int, shelf: Shelf, day: date) -> Iterator[ListeningRow]:
    """The listenings of every station on a day, in the order of their numbers."""
    number = (day - FIRST_DAY).days * NUMBERS_A_DAY
    for station in STATIONS:
        dice = random.Random(f"listenings {seed} {station.id} {day}")  # noqa: S311 - not secret
        reachable = [album for album in shelf.albums if album.shared or not station.shared_only]
        albums = dice.sample(reachable, ALBUMS_A_DAY)
        users = tuple(station.users)
        for place in range(dice.randint(station.fewest, station.most)):
            number += 1
            album = dice.choice(albums)
            track = dice.choice(shelf.tracks[album.id])
            named = (album.id, album.title)
            if place == STRAY_PLACE:
                other = albums[albums.index(album) - 1]
                named = (other.id, other.title)
            elif place == GONE_PLACE:
                named = (GONE_ALBUMS + album.id, f"{album.title} (withdrawn)")
            label = album.label_id
            yield ListeningRow(
                number,
                float(number),
                day.isoformat(),
                station.id,
                dice.choice(users),
                track.id,
                track.isrc,
                *dice.choice(_REACHES),
                1 + (label or 0) % len(DISTRIBUTORS),
                None if label is None else (label, shelf.labels[label]),
                named,
                shelf.artists.get(album.id, ()),
            )


def deliveries_of_day(seed: int, shelf: Shelf, day: date) -> Iterator[DeliveryRow]:
    """The deliveries that were finished on a day, in the order of their numbers."""
    dice = random.Random(f"deliveries {seed} {day}")  # noqa: S311 - not secret
    batch = day.toordinal() % BATCH_DAYS == 0
    start = datetime.combine(day, time(4), UTC)
    first = (day - FIRST_DAY).days * NUMBERS_A_DAY + 1
    for number in range(first, first + (dice.randint(130, 180) if batch else dice.randint(30, 70))):
        created = start + timedelta(seconds=60 * (number - first) + dice.randrange(60))
        finished = created + timedelta(seconds=dice.randrange(1, 14_400))
        yield DeliveryRow(
            number,
            float(number),
            day.isoformat(),
            _instant(created),
            _instant(finished),
            _instant(finished),
            dice.choice(("new", "update", "update")),
            dice.choice(shelf.albums).id,
        )


def documented_listenings() -> tuple[ListeningRow, ...]:
    """The two listenings of the documentation, on the day of its example request."""
    day = documented.LISTENINGS_DAY.isoformat()
    return (
        ListeningRow(
            1,
            1.0,
            day,
            documented.STATION[0],
            documented.USER[0],
            documented.CHRISTMAS_TRACK,
            documented.CHRISTMAS_TRACK_ISRC,
            *_REACHES[0],
            1,
            (1, documented.LABELS[1]),
            (documented.CHRISTMAS_ALBUM, documented.CHRISTMAS_TITLE),
            ((1, documented.ARTISTS[1]),),
        ),
        ListeningRow(
            2,
            2.0,
            day,
            documented.STATION[0],
            documented.USER[0],
            documented.TORINO_TRACK,
            documented.TORINO_TRACK_ISRC,
            *_REACHES[0],
            2,
            (192, documented.LABELS[192]),
            (documented.TORINO_ALBUM, documented.TORINO_TITLE),
            ((815, documented.ARTISTS[815]),),
        ),
    )


def documented_deliveries() -> tuple[DeliveryRow, ...]:
    """The two deliveries of the documentation."""
    day = documented.DELIVERIES_DAY.isoformat()
    first, second = documented.DELIVERED_ALBUMS
    return (
        DeliveryRow(
            158,
            158.0,
            day,
            f"{day}T16:38:07Z",
            f"{day}T19:54:37Z",
            f"{day}T19:54:37Z",
            "new",
            first,
        ),
        DeliveryRow(
            159,
            159.0,
            day,
            f"{day}T16:38:08Z",
            f"{day}T19:56:21Z",
            f"{day}T19:56:21Z",
            "update",
            second,
        ),
    )


def _instant(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

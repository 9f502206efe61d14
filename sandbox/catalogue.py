"""The catalogue: rows made from a seed around the documented ones, the same on every machine."""

import random
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from itertools import count
from typing import Final, NamedTuple

from . import documented, vocabulary

SEED: Final = 1
ALBUMS: Final = 1300
ARTISTS: Final = 960
LABELS: Final = 240

# One number in so many is missing, as in any catalogue that has lived.
GAP: Final = 16
ARTIST_GAP: Final = 3
LABEL_GAP: Final = 4

# The labels whose numbers this divides are all that the partner's contract covers.
SHARED_LABELS: Final = 4

EUROPE: Final = ("AT", "BE", "CH", "DE", "DK", "ES", "FR", "GB", "IE", "IT", "LU", "NL", "PT", "SE")
TERRITORY_LISTS: Final = (
    documented.TERRITORIES,
    tuple(code for code in documented.TERRITORIES if code not in {"US", "CA", "MX", "JP"}),
    tuple(code for code in documented.TERRITORIES if code not in {"DE", "AT", "CH"}),
    EUROPE,
    ("BE", "CH", "FR", "LU", "MC"),
    ("FR",),
    (),
)
# How often each list above is drawn, in tracks of a hundred.
TERRITORY_WEIGHTS: Final = (84, 5, 3, 3, 2, 2, 1)


class ArtistRow(NamedTuple):
    """An artist; `rank` is its place by name, `shared` says that the partner has rights on it."""

    id: int
    rank: float
    name: str
    shared: bool


class LabelRow(NamedTuple):
    """A label; `rank` is its place by name, `shared` says that the partner has rights on it."""

    id: int
    rank: float
    name: str
    shared: bool


class AlbumRow(NamedTuple):
    """An album without its tracks and artists; `cover` is the stem of its pictures' names."""

    id: int
    rank: float
    icpn: str | None
    title: str
    genres: tuple[str, ...]
    released_at: str | None
    cover: str | None
    label_id: int | None
    shared: bool


class CreditRow(NamedTuple):
    """An artist's place among the artists of an album."""

    album_id: int
    place: int
    artist_id: int


class TrackRow(NamedTuple):
    """A track; `territory_list` is a place in `TERRITORY_LISTS`, `stream` a stem or None."""

    id: int
    album_id: int
    disc_number: int
    track_number: int
    isrc: str | None
    title: str
    seconds: int
    genres: tuple[str, ...]
    explicit: bool
    stream: str | None
    territory_list: int


@dataclass(frozen=True)
class Catalogue:
    """Every row that does not depend on the day."""

    artists: tuple[ArtistRow, ...]
    labels: tuple[LabelRow, ...]
    albums: tuple[AlbumRow, ...]
    credits: tuple[CreditRow, ...]
    tracks: tuple[TrackRow, ...]


def name_order(name: str) -> tuple[str, str]:
    """The key that sorts names as the documentation's lists are: "1902", "20syl", "2 Good Souls".

    Only letters and digits count, whatever their case and accents; a name that has none stands
    behind all others.
    """
    plain = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum()) or "\U0010ffff", name


@cache
def made_catalogue(seed: int = SEED) -> Catalogue:
    """The catalogue of a seed; the documented rows are in it whatever the seed."""
    dice = random.Random(f"catalogue {seed}")  # noqa: S311 - reproducible, not secret
    label_names = _names(
        dice,
        _numbers(dice, LABELS, LABEL_GAP, documented.LABELS),
        documented.LABELS,
        vocabulary.LABEL_SHAPES,
        vocabulary.FOREIGN_LABELS,
    )
    artist_names = _names(
        dice,
        _numbers(dice, ARTISTS, ARTIST_GAP, documented.ARTISTS),
        documented.ARTISTS,
        vocabulary.GROUP_SHAPES,
        vocabulary.FOREIGN_ARTISTS,
    )
    albums = tuple(_albums(dice, tuple(label_names)))
    credits_ = tuple(_credits(dice, albums, tuple(artist_names)))
    shared_albums = {album.id for album in albums if album.shared}
    shared_artists = {credit.artist_id for credit in credits_ if credit.album_id in shared_albums}
    return Catalogue(
        artists=tuple(
            ArtistRow(number, float(rank), name, number in shared_artists)
            for rank, (number, name) in enumerate(_by_name(artist_names))
        ),
        labels=tuple(
            LabelRow(number, float(rank), name, _is_shared_label(number))
            for rank, (number, name) in enumerate(_by_name(label_names))
        ),
        albums=albums,
        credits=credits_,
        tracks=tuple(_tracks(dice, albums)),
    )


def _numbers(dice: random.Random, up_to: int, gap: int, kept: Mapping[int, object]) -> list[int]:
    return [number for number in range(1, up_to + 1) if number in kept or dice.randrange(gap) != 0]


def _by_name(names: Mapping[int, str]) -> list[tuple[int, str]]:
    return sorted(names.items(), key=lambda item: (name_order(item[1]), item[0]))


def _names(
    dice: random.Random,
    numbers: Sequence[int],
    fixed: Mapping[int, str],
    shapes: Sequence[str],
    foreign: Sequence[str],
) -> dict[int, str]:
    """A name for each number; every foreign one is given once, a few invented ones twice."""
    free = [number for number in numbers if number not in fixed]
    chosen = dict(zip(dice.sample(free, len(foreign)), foreign, strict=True))
    return {
        number: fixed.get(number)
        or chosen.get(number)
        or dice.choice(shapes).format(
            given=dice.choice(vocabulary.GIVEN_NAMES),
            family=dice.choice(vocabulary.FAMILY_NAMES),
            noun=dice.choice(vocabulary.GROUP_NOUNS),
        )
        for number in numbers
    }


def _is_shared_label(number: int | None) -> bool:
    return number is not None and number % SHARED_LABELS == 0


def _title(dice: random.Random) -> str:
    drawn = dice.random()
    if drawn < 0.06:  # noqa: PLR2004 - the share of titles beyond Latin letters
        return dice.choice(vocabulary.FOREIGN_TITLES)
    title = f"{dice.choice(vocabulary.TITLE_STARTS)} {dice.choice(vocabulary.TITLE_ENDS)}"
    if drawn > 0.999:  # noqa: PLR2004 - a title as long as a paragraph, once in a thousand
        return ", ".join([title] * 12)
    return title


def _genres(dice: random.Random) -> tuple[str, ...]:
    return tuple(dice.sample(vocabulary.GENRES, dice.choice((0, 1, 1, 1, 1, 2, 3))))


def _barcode(number: int) -> str:
    """An EAN-13 with its check digit, as the documented one has."""
    digits = f"37{number:010d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


_FIXED_ALBUMS: Final[Mapping[int, tuple[str, int]]] = {
    documented.CHRISTMAS_ALBUM: (documented.CHRISTMAS_TITLE, 1),
    documented.TORINO_ALBUM: (documented.TORINO_TITLE, 192),
}
_FIXED_CREDITS: Final[Mapping[int, tuple[int, ...]]] = {
    documented.CHRISTMAS_ALBUM: (1,),
    documented.TORINO_ALBUM: (815,),
    documented.MAHLER_ALBUM: documented.MAHLER_ARTISTS,
}
_FIXED_NUMBERS: Final = dict.fromkeys((*_FIXED_CREDITS, *documented.DELIVERED_ALBUMS, ALBUMS), True)


def _albums(dice: random.Random, labels: Sequence[int]) -> Iterator[AlbumRow]:
    first_day = date(1955, 1, 1)
    for number in _numbers(dice, ALBUMS, GAP, _FIXED_NUMBERS):
        title, label = _title(dice), dice.choice(labels)
        genres = _genres(dice)
        released_at = (first_day + timedelta(days=dice.randrange(25_500))).isoformat()
        lacks = dice.random()
        if number == documented.MAHLER_ALBUM:
            yield AlbumRow(
                number,
                float(number),
                documented.MAHLER_ICPN,
                documented.MAHLER_TITLE,
                documented.MAHLER_GENRES,
                documented.MAHLER_RELEASED_AT,
                documented.MAHLER_ICPN,
                documented.MAHLER_LABEL,
                _is_shared_label(documented.MAHLER_LABEL),
            )
            continue
        if number in _FIXED_ALBUMS:
            (title, label), lacks = _FIXED_ALBUMS[number], 1.0
        # A few albums lack one thing each; those without tracks are left to _tracks.
        kept_label = None if lacks < 0.03 else label  # noqa: PLR2004 - a share of albums
        icpn = _barcode(number)
        yield AlbumRow(
            number,
            float(number),
            None if 0.03 <= lacks < 0.035 else icpn,  # noqa: PLR2004 - a share of albums
            title,
            genres,
            None if 0.04 <= lacks < 0.07 else released_at,  # noqa: PLR2004 - a share of albums
            None if 0.07 <= lacks < 0.10 else icpn,  # noqa: PLR2004 - a share of albums
            kept_label,
            _is_shared_label(kept_label),
        )


def _credits(
    dice: random.Random, albums: Sequence[AlbumRow], artists: Sequence[int]
) -> Iterator[CreditRow]:
    for album in albums:
        drawn = dice.sample(artists, dice.choice((0, *(1,) * 14, *(2,) * 5, 3, 8)))
        for place, artist in enumerate(_FIXED_CREDITS.get(album.id, drawn)):
            yield CreditRow(album.id, place, artist)


def _tracks(dice: random.Random, albums: Sequence[AlbumRow]) -> Iterator[TrackRow]:
    free = _free_track_numbers()
    territories = tuple(
        place for place, weight in enumerate(TERRITORY_WEIGHTS) for _ in range(weight)
    )
    for album in albums:
        if album.id == documented.MAHLER_ALBUM:
            yield _mahler_track()
            continue
        numbers = _FIXED_TRACKS.get(album.id)
        if numbers is None:
            numbers = [next(free) for _ in range(_album_length(dice))]
        discs = 2 if len(numbers) > 18 else 1  # noqa: PLR2004 - more do not fit on one disc
        rights = dice.random() > 0.03  # noqa: PLR2004 - the share of albums that may be streamed
        for place, number in enumerate(numbers):
            disc, place_on_disc = divmod(place, -(-len(numbers) // discs))
            isrc = _FIXED_ISRCS.get(number) or f"FRZ{number % 97:02d}{number % 16:02d}{number:05d}"
            lacks = dice.random()
            yield TrackRow(
                number,
                album.id,
                disc + 1,
                place_on_disc + 1,
                None if lacks < 0.002 else isrc,  # noqa: PLR2004 - a share of tracks
                _title(dice),
                20 + int(dice.random() ** 3 * 5_000),
                _genres(dice) if lacks > 0.8 else (),  # noqa: PLR2004 - a share of tracks
                dice.random() < 0.05,  # noqa: PLR2004 - the share of explicit tracks
                isrc.lower() if rights and lacks > 0.01 else None,  # noqa: PLR2004 - likewise
                0 if number in _FIXED_ISRCS else dice.choice(territories),
            )


_FIXED_TRACKS: Final[Mapping[int, Sequence[int]]] = {
    documented.CHRISTMAS_ALBUM: range(1, 13),
    documented.TORINO_ALBUM: range(2744, 2749),
    documented.MAHLER_ALBUM: (documented.MAHLER_TRACK,),
}
_FIXED_ISRCS: Final[Mapping[int, str]] = {
    documented.CHRISTMAS_TRACK: documented.CHRISTMAS_TRACK_ISRC,
    documented.TORINO_TRACK: documented.TORINO_TRACK_ISRC,
    documented.MAHLER_TRACK: documented.MAHLER_TRACK_ISRC,
}


def _free_track_numbers() -> Iterator[int]:
    taken = {number for numbers in _FIXED_TRACKS.values() for number in numbers}
    return (number for number in count(1) if number not in taken)


def _album_length(dice: random.Random) -> int:
    """Mostly ten to fourteen tracks; now and then none, a single, or a box of several dozen."""
    drawn = dice.random()
    if drawn < 0.02:  # noqa: PLR2004 - the share of albums without tracks
        return 0
    if drawn < 0.06:  # noqa: PLR2004 - the share of singles
        return 1
    if drawn > 0.97:  # noqa: PLR2004 - the share of boxes
        return dice.randrange(20, 46)
    return dice.randrange(10, 15)


def _mahler_track() -> TrackRow:
    return TrackRow(
        documented.MAHLER_TRACK,
        documented.MAHLER_ALBUM,
        1,
        4,
        documented.MAHLER_TRACK_ISRC,
        documented.MAHLER_TRACK_TITLE,
        documented.MAHLER_TRACK_SECONDS,
        (),
        False,  # noqa: FBT003 - the row's column
        documented.MAHLER_TRACK_ISRC.lower(),
        0,
    )

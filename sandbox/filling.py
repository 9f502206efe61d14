"""The filling of databases: the rows of the start, and those of each day once it has begun."""

import sqlite3
from collections.abc import Iterable
from datetime import date, timedelta
from functools import cache
from typing import Final

import msgspec

from . import days, tables
from .accounts import ACCOUNTS
from .catalogue import Catalogue, made_catalogue

# Two months and today.
DAYS_KEPT: Final = 62

_encode: Final = msgspec.json.Encoder().encode


@cache
def _shelf(seed: int) -> days.Shelf:
    return days.made_shelf(made_catalogue(seed))


def fill_days(connection: sqlite3.Connection, seed: int, after: date, until: date) -> None:
    """Make the rows of the days behind `after`, as far as they are kept."""
    shelf = _shelf(seed)
    kept = max(after, until - timedelta(days=DAYS_KEPT))
    for ahead in range((until - kept).days):
        day = kept + timedelta(days=ahead + 1)
        # A row that a test put in may have taken the number of one of these.
        _insert(
            connection,
            "OR IGNORE INTO listenings",
            days.listenings_of_day(seed, shelf, day),
        )
        _insert(
            connection,
            "OR IGNORE INTO deliveries",
            days.deliveries_of_day(seed, shelf, day),
        )
    connection.commit()


@cache
def pristine_database(seed: int, today: date) -> sqlite3.Connection:
    """The database as it is at the start of a day; copied, never changed."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.executescript(tables.TABLES)
    catalogue: Catalogue = made_catalogue(seed)
    _insert(connection, "INTO labels", catalogue.labels)
    _insert(connection, "INTO artists", catalogue.artists)
    _insert(connection, "INTO albums", catalogue.albums)
    _insert(connection, "INTO credits", catalogue.credits)
    _insert(connection, "INTO tracks", catalogue.tracks)
    _insert(connection, "INTO stations", [(each.id, each.name) for each in days.STATIONS])
    _insert(
        connection,
        "INTO users",
        [(number, name, each.id) for each in days.STATIONS for number, name in each.users.items()],
    )
    _insert(connection, "INTO distributors", list(days.DISTRIBUTORS.items()))
    _insert(connection, "INTO listenings", days.documented_listenings())
    _insert(connection, "INTO deliveries", days.documented_deliveries())
    _insert(connection, "INTO tokens", [(each.token, each.username) for each in ACCOUNTS])
    fill_days(connection, seed, date.min, today)
    return connection


def _insert(connection: sqlite3.Connection, where: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Insert rows, one at least; a tuple in a row becomes JSON."""
    plain = [
        tuple(_encode(value).decode() if isinstance(value, tuple) else value for value in row)
        for row in rows
    ]
    marks = ", ".join("?" * len(plain[0]))
    connection.executemany(f"INSERT {where} VALUES ({marks})", plain)  # noqa: S608 - our own names

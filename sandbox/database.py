"""The database: the rows of the API in SQLite, to be read by account and changed by tests."""

# ruff: noqa: S608 - what stands in a query's text are our own table and column names

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from threading import RLock
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from .accounts import ACCOUNTS, Account
from .catalogue import SEED
from .encoding import ENCODERS
from .filling import fill_days, pristine_database

Table: TypeAlias = Literal["albums", "artists", "labels", "listenings", "deliveries"]
TABLES: Final[tuple[Table, ...]] = get_args(Table)
DATED: Final = frozenset({"listenings", "deliveries"})

# Digits of the largest number that a row may be given: SQLite needs room for those behind it.
MOST_DIGITS: Final = 18

_INSERTED: Final = " (inserted)"

# What a row may be told to say, by table.
CHANGEABLE: Final[Mapping[Table, frozenset[str]]] = {
    "albums": frozenset({"title", "icpn", "released_at", "label_id", "shared"}),
    "artists": frozenset({"name", "shared"}),
    "labels": frozenset({"name", "shared"}),
    "listenings": frozenset({"track_id", "track_isrc", "day", "station_id"}),
    "deliveries": frozenset({"type", "album_id", "day"}),
}

_CONDITIONS: Final[Mapping[Table, str]] = {
    "albums": "(:everything OR shared)",
    "artists": "(:everything OR shared)",
    "labels": "(:everything OR shared)",
    "listenings": "station_id = :station_id AND day BETWEEN :since AND :until",
    "deliveries": ":deliveries AND day BETWEEN :since AND :until",
}


class NoSuchRowError(LookupError):
    """There is no row at that place, or with that number; the message says which."""


class ImpossibleRowError(ValueError):
    """A row can't be made or changed like that; the message says why."""


@dataclass(frozen=True)
class Listing:
    """The rows of a table that one account may see, in the order in which the API serves them.

    Dates belong to listenings and deliveries; both ends count.
    """

    table: Table
    account: Account = ACCOUNTS[0]
    since: date | None = None
    until: date | None = None


class Database:
    """The rows of one sandbox.

    Safe to use from several threads. `today` fixes the day for good; without it the day is the
    clock's (UTC), and the days that begin while the sandbox runs get their rows when they are
    first asked for.
    """

    def __init__(self, *, seed: int = SEED, today: date | None = None) -> None:
        self._seed = seed
        self._fixed_today = today
        self._lock = RLock()
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._changed: set[tuple[str, int]] = set()
        self._pristine = _pristine_rows(seed)
        self.reset()

    def close(self) -> None:
        """Forget every row."""
        self._connection.close()

    def reset(self) -> None:
        """Bring back the rows and tokens of the start."""
        with self._lock:
            today = self.today()
            pristine_database(self._seed, today).backup(self._connection)
            self._changed.clear()
            self._filled_until = today

    def today(self) -> date:
        """The day on which the sandbox believes to be."""
        return self._fixed_today or datetime.now(UTC).date()

    def account_of(self, token: str) -> Account | None:
        """The account that a token belongs to, or None for a token that is not valid."""
        with self._lock:
            row = self._connection.execute(
                "SELECT username FROM tokens WHERE token = ?", (token,)
            ).fetchone()
        return None if row is None else account_named(row["username"])

    def issue_token(self, username: str) -> str:
        """A new valid token of an account."""
        token = secrets.token_hex(32)
        with self._lock, self._connection:
            self._connection.execute("INSERT INTO tokens VALUES (?, ?)", (token, username))
        return token

    def revoke_token(self, token: str) -> None:
        """Make a token invalid; one that never was valid stays so."""
        with self._lock, self._connection:
            self._connection.execute("DELETE FROM tokens WHERE token = ?", (token,))

    def count(self, listing: Listing) -> int:
        """How many rows a listing has."""
        with self._lock:
            bound = self._bound(listing)
            row = self._connection.execute(
                f"SELECT count(*) FROM {listing.table} WHERE {_CONDITIONS[listing.table]}",
                bound,
            ).fetchone()
        return int(row[0])

    def numbers(self, listing: Listing, offset: int = 0, limit: int = -1) -> list[int]:
        """The numbers (REST ids) of a listing's rows, in order; a limit of -1 is none."""
        with self._lock:
            rows = self._connection.execute(
                f"SELECT id FROM {listing.table} WHERE {_CONDITIONS[listing.table]}"
                " ORDER BY rank, id LIMIT :limit OFFSET :offset",
                {**self._bound(listing), "limit": limit, "offset": offset},
            ).fetchall()
        return [row[0] for row in rows]

    def encoded(self, listing: Listing, offset: int = 0, limit: int = -1) -> list[bytes]:
        """The JSON of each of a listing's rows, in order."""
        with self._lock:
            numbers = self.numbers(listing, offset, limit)
            return self._encoded(listing.table, numbers, streams=listing.account.everything)

    def rows(self, listing: Listing) -> list[dict[str, Any]]:
        """A listing's rows as the API serves them, decoded."""
        return [msgspec.json.decode(row) for row in self.encoded(listing)]

    def one(
        self,
        table: Literal["albums", "artists", "labels", "tracks"],
        number: int,
        account: Account = ACCOUNTS[0],
    ) -> bytes | None:
        """The JSON of one object, or None where the account can't see any with that number."""
        owner = "SELECT albums.shared FROM tracks JOIN albums ON albums.id = album_id"
        with self._lock:
            row = self._connection.execute(
                f"{owner} WHERE tracks.id = ?"
                if table == "tracks"
                else f"SELECT shared FROM {table} WHERE id = ?",
                (number,),
            ).fetchone()
            if row is None or not (account.everything or row[0]):
                return None
            return self._encoded(table, [number], streams=account.everything)[0]

    def insert(
        self,
        listing: Listing,
        position: int,
        number: int | None = None,
        values: Mapping[str, object] | None = None,
    ) -> int:
        """Put a row before the one at `position` of a listing (or behind the last).

        The row is a copy of its neighbour with a number of its own (the next free one unless it
        is given), so it is seen by whoever sees its neighbour; `values` are columns of
        `CHANGEABLE`. Returns the number.
        """
        table = listing.table
        if number is not None and number >= 10**MOST_DIGITS:
            raise ImpossibleRowError(f"An id of more than {MOST_DIGITS} digits is too large.")
        with self._lock, self._connection:
            numbers = self.numbers(listing)
            place = _checked_place(position, len(numbers) + 1)
            columns = self._neighbour(listing, numbers, place)
            neighbour = columns["id"]
            columns["rank"] = self._free_rank(table, neighbour, behind=place == len(numbers))
            columns["id"] = number
            for named in columns.keys() & {"title", "name"}:
                columns[named] = f"{columns[named].removesuffix(_INSERTED)}{_INSERTED}"
            columns.update(_checked_values(table, values or {}))
            try:
                cursor = self._connection.execute(
                    f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
                    f" ({', '.join(f':{name}' for name in columns)})",
                    columns,
                )
            except (sqlite3.IntegrityError, OverflowError) as error:
                raise ImpossibleRowError(f"No such row can be in {table}: {error}.") from error
            made = cursor.lastrowid or 0
            if table == "albums":
                self._copy_credits(neighbour, made)
            self._forget(table, made)
        return made

    def delete(
        self, listing: Listing, *, position: int | None = None, number: int | None = None
    ) -> int:
        """Delete the row at a position of a listing, or with a number; returns the number.

        With an album go its tracks. NoSuchRowError where there is none.
        """
        with self._lock, self._connection:
            found = self._found(listing, position, number)
            self._forget(listing.table, found)
            if listing.table == "albums":
                # Left behind, they would belong to whatever album gets this number.
                for part in ("tracks", "credits"):
                    self._connection.execute(f"DELETE FROM {part} WHERE album_id = ?", (found,))
            self._connection.execute(
                f"DELETE FROM {listing.table} WHERE id = ?",
                (found,),
            )
        return found

    def change(
        self,
        listing: Listing,
        values: Mapping[str, object],
        *,
        position: int | None = None,
        number: int | None = None,
    ) -> int:
        """Change columns (of `CHANGEABLE`) of a row; returns its number."""
        table = listing.table
        with self._lock, self._connection:
            found = self._found(listing, position, number)
            checked = _checked_values(table, values)
            if not checked:
                raise ImpossibleRowError("Say what to change.")
            try:
                self._connection.execute(
                    f"UPDATE {table} SET {', '.join(f'{name} = :{name}' for name in checked)}"
                    " WHERE id = :number",
                    {**checked, "number": found},
                )
            except (sqlite3.IntegrityError, OverflowError) as error:
                raise ImpossibleRowError(f"No such row can be in {table}: {error}.") from error
            self._forget(table, found)
        return found

    def _bound(self, listing: Listing) -> dict[str, object]:
        account = listing.account
        bound: dict[str, object] = {
            "everything": account.everything,
            "station_id": account.station_id,
            "deliveries": account.deliveries,
        }
        if listing.table in DATED:
            self._fill()
            yesterday = self.today() - timedelta(days=1)
            bound["since"] = (listing.since or yesterday).isoformat()
            bound["until"] = (listing.until or yesterday).isoformat()
        return bound

    def _fill(self) -> None:
        """Make the rows of the days that have begun since this was last done."""
        today = self.today()
        if self._filled_until < today:
            fill_days(self._connection, self._seed, self._filled_until, today)
            self._filled_until = today

    def _neighbour(self, listing: Listing, numbers: Sequence[int], place: int) -> dict[str, Any]:
        """The columns of the row that is, or would be, next to a place of a listing."""
        table, day = listing.table, {}
        if not numbers:
            # Of a day without rows: a row of any other, as if it had been on that day.
            numbers = self.numbers(replace(listing, since=date.min, until=date.max))
            day = {"day": self._bound(listing).get("since")} if table in DATED else {}
        if not numbers:
            raise NoSuchRowError(f"There is no row of {table} left to copy.")
        row = self._connection.execute(
            f"SELECT * FROM {table} WHERE id = ?", (numbers[min(place, len(numbers) - 1)],)
        )
        return {**dict(row.fetchone()), **day}

    def _found(self, listing: Listing, position: int | None, number: int | None) -> int:
        if (position is None) == (number is None):
            raise ImpossibleRowError("Name a row by its position or by its id, and not by both.")
        numbers = self.numbers(listing)
        if position is not None:
            return numbers[_checked_place(position, len(numbers))]
        if number is not None and number in numbers:
            return number
        raise NoSuchRowError(f"No row {number} is in that listing of {listing.table}.")

    def _free_rank(self, table: Table, neighbour: int, *, behind: bool) -> float:
        """A rank right before (or behind) a row's own."""
        rank = self._rank_of(table, neighbour)
        beyond = self._rank_beyond(table, rank, behind=behind)
        if beyond is None:
            return rank + 1 if behind else rank - 1
        middle = (rank + beyond) / 2
        if middle not in {rank, beyond}:
            return middle
        # Halved so often that no number lies between: number all rows anew.
        self._connection.execute(
            "WITH ranked AS (SELECT id, row_number() OVER (ORDER BY rank, id) AS place"
            f" FROM {table})"
            f" UPDATE {table} SET rank = (SELECT place FROM ranked WHERE ranked.id = {table}.id)"
        )
        return self._free_rank(table, neighbour, behind=behind)

    def _rank_of(self, table: Table, number: int) -> float:
        query = f"SELECT rank FROM {table} WHERE id = ?"
        return float(self._connection.execute(query, (number,)).fetchone()[0])

    def _rank_beyond(self, table: Table, rank: float, *, behind: bool) -> float | None:
        query = (
            f"SELECT min(rank) FROM {table} WHERE rank > ?"
            if behind
            else f"SELECT max(rank) FROM {table} WHERE rank < ?"
        )
        beyond = self._connection.execute(query, (rank,)).fetchone()[0]
        return None if beyond is None else float(beyond)

    def _copy_credits(self, album: int, copy: int) -> None:
        self._connection.execute(
            "INSERT INTO credits SELECT ?, place, artist_id FROM credits WHERE album_id = ?",
            (copy, album),
        )

    def _forget(self, table: Table, number: int) -> None:
        """Encode a row, and whatever repeats a part of it, anew from now on."""
        self._changed.add((table, number))
        queries = {
            "artists": "SELECT album_id AS id FROM credits WHERE artist_id = ?",
            "labels": "SELECT id FROM albums WHERE label_id = ?",
        }
        if table in queries:
            for (album,) in self._connection.execute(queries[table], (number,)):
                self._changed.add(("albums", album))
        if table == "albums":
            query = "SELECT id FROM tracks WHERE album_id = ?"
            for (track,) in self._connection.execute(query, (number,)):
                self._changed.add(("tracks", track))

    def _encoded(self, table: str, numbers: Sequence[int], *, streams: bool) -> list[bytes]:
        known = self._pristine[table, streams]
        missing = [
            number for number in numbers if number not in known or (table, number) in self._changed
        ]
        if not missing:
            return [known[number] for number in numbers]
        fresh = dict(
            zip(missing, ENCODERS[table](self._connection, missing, streams=streams), strict=True)
        )
        for number, row in fresh.items():
            if (table, number) not in self._changed:
                known[number] = row
        return [fresh[number] if number in fresh else known[number] for number in numbers]


def account_named(username: str) -> Account | None:
    """The account of a user name, or None."""
    return next((account for account in ACCOUNTS if account.username == username), None)


def _checked_place(position: int, size: int) -> int:
    """A position as a list index: a negative one counts from the end."""
    place = position + size if position < 0 else position
    if not 0 <= place < size:
        raise NoSuchRowError(f"Position {position} is outside of a listing of {size} places.")
    return place


def _checked_values(table: Table, values: Mapping[str, object]) -> dict[str, object]:
    unknown = sorted(values.keys() - CHANGEABLE[table])
    if unknown:
        raise ImpossibleRowError(
            f"{', '.join(unknown)} can't be set in {table};"
            f" these can: {', '.join(sorted(CHANGEABLE[table]))}."
        )
    return dict(values)


@cache
def _pristine_rows(seed: int) -> dict[tuple[str, bool], dict[int, bytes]]:
    """Encoded rows that no sandbox of the process has changed, by table and rights to stream.

    They depend on the seed alone, so every sandbox of a test run shares them.
    """
    del seed
    return {(table, streams): {} for table in ENCODERS for streams in (False, True)}

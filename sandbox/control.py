"""The control: addresses below /_sandbox, by which tests and rehearsals steer a running sandbox."""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import msgspec

from .accounts import ACCOUNTS, LISTENER
from .database import TABLES, Database, ImpossibleRowError, Listing, NoSuchRowError, account_named
from .journal import Journal
from .orders import Order, Orders
from .rest import NOT_FOUND, Answer, refusal

PREFIX: Final = "/_sandbox"


class RowWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Which row of which listing is meant, and what it is to say."""

    position: int | None = None
    id: int | None = None
    user: str = LISTENER
    since: date | None = None
    until: date | None = None
    values: dict[str, str | int | float | bool | None] = {}


class TokenWanted(msgspec.Struct, forbid_unknown_fields=True):
    """Whose token is wanted."""

    user: str = LISTENER


class Control:
    """The addresses, over one sandbox's parts."""

    def __init__(self, database: Database, journal: Journal, orders: Orders) -> None:
        self._database = database
        self._journal = journal
        self._orders = orders

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
        """The answer to a request; one that is described wrongly gets 422 with a sentence."""
        room, _, below = path.removeprefix(PREFIX).strip("/").partition("/")
        rooms: dict[str, Callable[[str, str, dict[str, str], bytes], object]] = {
            "requests": self._requests,
            "orders": self._orders_room,
            "rows": self._rows,
            "tokens": self._tokens,
            "reset": self._reset,
        }
        if room not in rooms:
            return NOT_FOUND
        try:
            said = rooms[room](method, below, query, body)
        except NoSuchRowError as error:
            return refusal(404, "not_found", str(error))
        except (msgspec.DecodeError, RecursionError, ImpossibleRowError) as error:
            return refusal(422, "unprocessable_entity", str(error))
        if said is None:
            return refusal(405, "method_not_allowed", f"{method} does nothing here.")
        return said if isinstance(said, Answer) else Answer(200, msgspec.json.encode(said))

    def _requests(self, method: str, _below: str, _query: dict[str, str], _body: bytes) -> object:
        if method == "DELETE":
            self._journal.clear()
            return {}
        if method != "GET":
            return None
        return {
            "requests": [entry.as_json() for entry in self._journal.entries],
            "under_way": self._journal.under_way,
            "high_water": self._journal.high_water,
        }

    def _orders_room(self, method: str, below: str, _query: dict[str, str], body: bytes) -> object:
        if method == "GET":
            return {"orders": [standing.as_json() for standing in self._orders.standing]}
        if method == "POST":
            orders = msgspec.json.decode(body, type=list[Order] | Order)
            given = orders if isinstance(orders, list) else [orders]
            return {"ids": [self._orders.give(order).number for order in given]}
        if method != "DELETE":
            return None
        if not below:
            self._orders.clear()
            return {}
        return {} if below.isdecimal() and self._orders.take_back(int(below)) else NOT_FOUND

    def _rows(self, method: str, below: str, query: dict[str, str], body: bytes) -> object:
        if below not in TABLES:
            return NOT_FOUND
        wanted = (
            msgspec.json.decode(body, type=RowWanted)
            if body
            else msgspec.convert(query, RowWanted, strict=False)
        )
        account = account_named(wanted.user)
        if account is None:
            raise ImpossibleRowError(f"There is no user {wanted.user}.")
        listing = Listing(below, account, wanted.since, wanted.until)
        place: dict[str, Any] = {"position": wanted.position, "number": wanted.id}
        if method == "GET":
            return {"rows": [msgspec.Raw(row) for row in self._database.encoded(listing)]}
        if method == "POST":
            if wanted.position is None:
                raise ImpossibleRowError("Say at which position the row is to be.")
            made = self._database.insert(listing, wanted.position, wanted.id, wanted.values)
            return {"id": made}
        if method == "PATCH":
            return {"id": self._database.change(listing, wanted.values, **place)}
        if method == "DELETE":
            return {"id": self._database.delete(listing, **place)}
        return None

    def _tokens(self, method: str, _below: str, _query: dict[str, str], body: bytes) -> object:
        if method != "POST":
            return None
        wanted = msgspec.json.decode(body or b"{}", type=TokenWanted)
        if account_named(wanted.user) is None:
            known = ", ".join(account.username for account in ACCOUNTS)
            raise ImpossibleRowError(f"There is no user {wanted.user}, only {known}.")
        return {"token": self._database.issue_token(wanted.user)}

    def _reset(self, method: str, _below: str, _query: dict[str, str], _body: bytes) -> object:
        if method != "POST":
            return None
        self._database.reset()
        self._orders.clear()
        self._journal.clear()
        return {}

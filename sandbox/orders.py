"""The orders: which requests get which effect, and how often."""

import random
from collections.abc import Mapping
from fnmatch import fnmatchcase
from itertools import count
from threading import Lock

import msgspec

from .effects import Answering, AnyEffect, Shaping
from .rest import Asked


class Order(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An effect for the requests that match.

    `path` is a glob (`*` is anything, `/` included): "/api/v1/albums" is that list alone,
    "/api/v1/album*" also what is below. `query` must be among the request's parameters. Of the
    requests that match, the first `skip` go free, then `times` are hit (all, where it is None),
    each with `probability`; the dice are seeded.
    """

    effect: AnyEffect
    path: str = "*"
    method: str | None = None
    user: str | None = None
    query: dict[str, str | int] = {}
    times: int | None = None
    skip: int = 0
    probability: float = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what could never apply."""
        if self.times is not None and self.times < 1:
            raise ValueError("times must be at least 1, or null for all")
        if self.skip < 0:
            raise ValueError("skip must be at least 0")
        if not 0 <= self.probability <= 1:
            raise ValueError("probability must be from 0 to 1")

    def concerns(self, asked: Asked) -> bool:
        """Whether a request is one of those that match."""
        return (
            fnmatchcase(asked.path, self.path)
            and self.method in {None, asked.method}
            and (self.user is None or (asked.account and asked.account.username) == self.user)
            and all(asked.query.get(name) == str(value) for name, value in self.query.items())
        )


class Standing:
    """An order that was given: `matched` and `applied` count its requests so far."""

    def __init__(self, number: int, order: Order) -> None:
        self.number = number
        self.order = order
        self.matched = 0
        self.applied = 0
        self._dice = random.Random(order.seed)  # noqa: S311 - reproducible, not secret

    def hits(self) -> bool:
        """Count a request that matches; whether the effect is for it."""
        self.matched += 1
        order = self.order
        if self.matched <= order.skip or (order.times is not None and self.applied >= order.times):
            return False
        if order.probability < 1 and self._dice.random() >= order.probability:
            return False
        self.applied += 1
        return True

    def as_json(self) -> dict[str, object]:
        """What GET /_sandbox/orders says of it."""
        return {
            "id": self.number,
            "order": self.order,
            "matched": self.matched,
            "applied": self.applied,
        }


class Orders:
    """The orders in force, in the order in which they were given."""

    def __init__(self) -> None:
        self._standing: list[Standing] = []
        self._numbers = count(1)
        self._lock = Lock()

    def add(  # noqa: PLR0913 - each narrows the order, and by keyword
        self,
        effect: AnyEffect,
        *,
        path: str = "*",
        method: str | None = None,
        user: str | None = None,
        query: Mapping[str, str | int] | None = None,
        times: int | None = None,
        skip: int = 0,
        probability: float = 1,
        seed: int = 0,
    ) -> Standing:
        """Give an order; what the arguments mean stands at `Order`."""
        return self.give(
            Order(
                effect=effect,
                path=path,
                method=method,
                user=user,
                query=dict(query or {}),
                times=times,
                skip=skip,
                probability=probability,
                seed=seed,
            )
        )

    def give(self, order: Order) -> Standing:
        """Put an order in force."""
        with self._lock:
            standing = Standing(next(self._numbers), order)
            self._standing.append(standing)
        return standing

    def clear(self) -> None:
        """Take back all orders."""
        with self._lock:
            self._standing.clear()

    def take_back(self, number: int) -> bool:
        """Take back one order; False where it was not in force."""
        with self._lock:
            kept = [standing for standing in self._standing if standing.number != number]
            known = len(kept) < len(self._standing)
            self._standing = kept
        return known

    @property
    def standing(self) -> list[Standing]:
        """The orders in force."""
        return list(self._standing)

    def effects_on(self, asked: Asked) -> tuple[list[Shaping], Answering | None]:
        """The effects on a request: every shaping one, and the first that answers."""
        shaping: list[Shaping] = []
        answering: Answering | None = None
        with self._lock:
            for standing in self._standing:
                effect = standing.order.effect
                # The second of two answers would be spent on a request that never meets it.
                if isinstance(effect, Answering) and answering is not None:
                    continue
                if not standing.order.concerns(asked) or not standing.hits():
                    continue
                if isinstance(effect, Answering):
                    answering = effect
                else:
                    shaping.append(effect)
        return shaping, answering

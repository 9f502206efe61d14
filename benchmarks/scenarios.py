"""The scenarios: what is asked, by how many callers, and what may be kept between requests."""

import json
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from .catalogue import FIRST_ALBUM

Mode: TypeAlias = Literal["plain", "default", "shared", "cached"]
"""What a server may do: keep nothing between requests, do what it does when nothing is set, join
equal requests that are in flight, or answer from its own cache.

What the facade does by default, where each request has a token of its own: nothing that it caches
is of use, but it knows bytes again that another caller was sent."""


# Compared by identity: variables can't be hashed.
@dataclass(frozen=True, eq=False)
class Scenario:
    """One question in one situation.

    With `own_tokens` each request carries a token that no other has. `late` is the upstream's
    delay in milliseconds. `budget` is the CPU time in milliseconds that the facade must stay
    within, `late_budget` the median latency where the upstream is late, on the machine that the
    project's goals were written for.
    """

    name: str
    title: str
    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    mode: Mode = "plain"
    connections: int = 16
    own_tokens: bool = True
    late: float = 0
    budget: float | None = None
    late_budget: float | None = None

    @property
    def body(self) -> str:
        """The request's body."""
        return json.dumps({"query": self.query, "variables": self.variables})


_ALBUM: Final = """
query Album($id: ID!) {
  album(id: $id) {
    id databaseId title releasedAt artists { databaseId name } label { databaseId name }
    tracks { id databaseId isrc title duration discNumber trackNumber }
  }
}
"""

_ALBUMS: Final = """
query Albums($first: Int) {
  albums(first: $first) {
    pageInfo { hasNextPage }
    nodes {
      id databaseId title releasedAt artists { databaseId name } label { databaseId name }
      tracks { id databaseId isrc title duration discNumber trackNumber }
    }
  }
}
"""

_LISTENINGS: Final = """
query Listenings($first: Int) {
  listenings(first: $first) {
    pageInfo { hasNextPage }
    nodes { id trackIsrc album { title releasedAt label { name } } track { title } }
  }
}
"""

_ONE: Final = {"id": str(FIRST_ALBUM + 2)}
_HUNDRED: Final = {"first": 100}

NOTHING: Final = Scenario("nothing", "{ __typename }", "{ __typename }", budget=0.05)
ALBUM: Final = Scenario("album", "an album by id", _ALBUM, _ONE, budget=0.20)
ALBUMS: Final = Scenario(
    "albums", "100 albums with artists, label and tracks", _ALBUMS, _HUNDRED, budget=3.5
)
LISTENINGS: Final = Scenario(
    "listenings",
    "100 listenings with the album and the track of each",
    _LISTENINGS,
    _HUNDRED,
    budget=4,
)
LATE: Final = Scenario(
    "late",
    "100 listenings, 1 caller, an upstream 20 ms late",
    _LISTENINGS,
    _HUNDRED,
    connections=1,
    late=20,
    late_budget=46,
)
SHARED: Final = Scenario(
    "shared",
    "200 callers with one token, the same album",
    _ALBUM,
    _ONE,
    mode="shared",
    connections=200,
    own_tokens=False,
    budget=0.07,
)
CACHED_ALBUM: Final = Scenario(
    "cached-album",
    "cached: an album",
    _ALBUM,
    _ONE,
    mode="cached",
    own_tokens=False,
    budget=0.04,
)
CACHED_ALBUMS: Final = Scenario(
    "cached-albums",
    "cached: 100 albums",
    _ALBUMS,
    _HUNDRED,
    mode="cached",
    own_tokens=False,
    budget=0.06,
)


def _by_default(scenario: Scenario) -> Scenario:
    name, title = f"default-{scenario.name}", f"{scenario.title}, by default"
    return replace(scenario, name=name, title=title, mode="default")


SCENARIOS: Final = (
    NOTHING,
    ALBUM,
    _by_default(ALBUM),
    ALBUMS,
    _by_default(ALBUMS),
    LISTENINGS,
    _by_default(LISTENINGS),
    LATE,
    _by_default(LATE),
    SHARED,
    CACHED_ALBUM,
    CACHED_ALBUMS,
)

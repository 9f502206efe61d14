"""Growth: what is needed as queries widen and callers multiply, and whether memory stays flat."""

from dataclasses import dataclass, replace
from typing import Final

from .contenders import FACADE, MERCURIUS, PLAIN_STRAWBERRY, Contender
from .measuring import Figures, Measuring, agreed, tell
from .scenarios import ALBUM, ALBUMS, Scenario

WIDTHS: Final = (1, 5, 25, 100, 250, 500)
QUICK_WIDTHS: Final = (1, 100, 500)

CALLERS: Final = (1, 10, 100, 1000, 4000, 8000)
QUICK_CALLERS: Final = (1, 100, 1000)

SPANS: Final = 10
REQUESTS: Final = 100_000
QUICK_REQUESTS: Final = 5_000

# By default the queue is bounded for callers who would rather be refused than wait for seconds.
_PATIENT: Final = Contender(
    FACADE.name, FACADE.program, flags=("--longest-queue", "20000", "--deadline", "60")
)


@dataclass(frozen=True)
class Point:
    """What was needed at one size."""

    size: int
    figures: Figures


def wider_queries(measuring: Measuring, widths: tuple[int, ...]) -> list[Point]:
    """From one album a query to hundreds, nothing kept, beside two peers."""
    points = []
    for width in widths:
        scenario = replace(
            ALBUMS, name=f"{width}-albums", title=f"{width} albums", variables={"first": width}
        )
        found = measuring.figures(scenario, (FACADE, MERCURIUS, PLAIN_STRAWBERRY))
        points += [Point(width, figures) for figures in found]
    return points


def more_callers(measuring: Measuring, callers: tuple[int, ...], *, warm: bool) -> list[Point]:
    """From one caller at once to thousands, asking for an album: from the cache, or each anew."""
    points = []
    for count in callers:
        name = f"{count} callers, {'warm' if warm else 'cold'}"
        scenario = replace(
            ALBUM,
            name=name.replace(" ", "-"),
            title=name,
            connections=count,
            mode="cached" if warm else "plain",
            own_tokens=not warm,
        )
        points += [Point(count, figures) for figures in measuring.figures(scenario, (_PATIENT,))]
    return points


@dataclass(frozen=True)
class Span:
    """MiB that were held when so many requests had been answered."""

    requests: int
    memory: float


def memory_over_requests(measuring: Measuring, requests: int) -> list[Span]:
    """What the facade holds over many small requests, each with a token and a cache entry."""
    scenario: Scenario = replace(ALBUM, name="memory", mode="cached")
    spans: list[Span] = []
    with measuring.ready(scenario, (FACADE,)) as running:
        length = agreed(scenario, running)[FACADE]
        for _ in range(SPANS):
            seen = measuring.seen(scenario, running[FACADE], length, requests // SPANS)
            done = (spans[-1].requests if spans else 0) + seen.operations
            spans.append(Span(done, seen.memory))
            tell(".")
    tell(f" memory over {requests:,} requests\n")
    return spans

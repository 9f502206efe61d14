"""Windows of a list: arithmetic from first, after, last and before to places, and on to pages.

A place is a position in the list, counted from 0. Page `p` of size `s` holds the places from
`(p - 1) * s` to `p * s - 1`. Nothing here waits, asks or remembers.
"""

from collections.abc import Container

from msgspec import Struct

from upstream.listing import LARGEST_PAGE_SIZE


class Ask(Struct, frozen=True):
    """One page to ask for."""

    page: int
    per_page: int


class Sizes(Struct, frozen=True):
    """The page sizes that a list serves: any up to `largest`, or only `fixed`."""

    largest: int = LARGEST_PAGE_SIZE
    fixed: int | None = None

    @property
    def greatest(self) -> int:
        """The most rows that one page may bring."""
        return self.fixed or self.largest


def window_places(size: int, *, backwards: bool, start: int, stop: int | None) -> range:
    """The places of a window, should the list be long enough.

    `start` is the first place that `after` allows, 0 without it; `stop` is the first place that
    `before` forbids, or the end of the list; it may be None, for unknown, only forwards. As the
    Relay specification has it, both cursors cut first, and then the size takes from the front,
    or from the back. Where the cursors leave nothing, the window is empty and stands at `start`.
    """
    if backwards:
        if stop is None:
            raise ValueError("a window from the back needs to know where the back is")
        return range(max(start, stop - size), max(start, stop))
    end = start + size
    return range(start, end if stop is None else max(start, min(end, stop)))


def pages_for(low: int, high: int, sizes: Sizes) -> list[Ask]:
    """The fewest pages that hold the places from `low` to `high - 1`, with the fewest other rows.

    All have one size, so that they lie side by side without a gap. With pages of up to 100 it
    takes at most one more than a hundredth of the places.
    """
    if low >= high:
        return []
    length = high - low
    if sizes.fixed is not None:
        return _pages(low, high, sizes.fixed)
    count = -(-length // sizes.largest)
    while True:
        for size in range(-(-length // count), sizes.largest + 1):
            if (high - 1) // size - low // size < count:
                return _pages(low, high, size)
        count += 1


def page_outwards(  # noqa: PLR0913, PLR0917 -- a place, what is seen, and how far to look
    place: int, seen: Container[int], sizes: Sizes, end: int | None, reach: int, side: int = 0
) -> Ask | None:
    """The page that shows the nearest unseen place around a place, and most others with it.

    Only places within `reach` count, those on both sides alike, or first of all those behind it
    (`side` 1) or in front of it (-1). None where there are none: all was seen, or the list, `end`
    places long at most, has no more.
    """
    centre = place if end is None else min(place, end - 1)
    beyond = centre + reach + 1 if end is None else min(end, centre + reach + 1)
    unseen = {at for at in range(max(0, centre - reach), beyond) if at not in seen}
    if not unseen:
        return None
    unseen = {at for at in unseen if (at - centre) * side > 0} or unseen
    nearest = min(unseen, key=lambda at: abs(at - centre))
    smallest = sizes.fixed or (sizes.largest + 1) // 2

    def shows(size: int) -> tuple[int, int]:
        page = nearest // size
        shown = [at for at in range(page * size, (page + 1) * size) if at in unseen]
        before = sum(at < centre for at in shown)
        return len(shown), -abs(2 * before - len(shown))

    size = max(range(sizes.greatest, smallest - 1, -1), key=shows)
    return Ask(nearest // size + 1, min(size, LARGEST_PAGE_SIZE))


def _pages(low: int, high: int, size: int) -> list[Ask]:
    asked = min(size, LARGEST_PAGE_SIZE)  # a list may serve more, but must not be asked for more
    return [Ask(page, asked) for page in range(low // size + 1, (high - 1) // size + 2)]

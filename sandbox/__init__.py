"""The sandbox: the REST API of 1D touch, embedded, written from its documentation alone.

It imports no other package of the project. `python -m sandbox` runs it by itself.

    import sandbox

    async with sandbox.running() as upstream:          # in the current event loop
        upstream.url                                   # http://127.0.0.1:43210
    with sandbox.running_in_thread() as upstream: ...  # the same from a thread of its own
    with sandbox.start_child() as child: child.url     # a process of its own, ends with its parent

Options of the first two, all by keyword: `host`, `port` (0 is any), `seed`, `today` (a date; else
the clock's, UTC), `per_page_ignored` (the lists that serve 25 a page whatever is asked: labels
and deliveries), `largest_page` (100), `album_path` ("singular", "plural" or "both"; the
documented /album/:id is "singular", and then /albums/:id is 404).

Accounts
    `LISTENER` (listener@example.com) sees the whole catalogue, the listenings of station 1 and
    the deliveries; `PARTNER` (partner@example.com) the labels whose number 4 divides with their
    albums, tracks and artists, always without stream URLs, the listenings of station 2, and 403
    for deliveries. Both have the password `PASSWORD`. `LISTENER_TOKEN` and `PARTNER_TOKEN` are
    valid from the start, `upstream.token(username)` gives new ones.

Rows
    upstream.rows("albums", sandbox.PARTNER)           # what all its pages together hold, decoded
    upstream.numbers("albums")                         # their ids alone, much faster
    upstream.rows("listenings", since=day, until=day)  # without dates: yesterday's
    here = sandbox.listing("albums")                   # or ("deliveries", LISTENER, day, day)
    upstream.database.insert(here, 30)                 # a row in front of the 31st; its number
    upstream.database.insert(here, 0, 99999, {"title": "First"})
    upstream.database.delete(here, position=3)         # or number=273
    upstream.database.change(here, {"title": "New"}, number=273)
    upstream.database.reset()
    The catalogue depends on the seed, a day's rows on the seed and the date. In every day of a
    station the listening at place 17 has an album that does not hold its track, the one at 41 an
    album that is gone (404).

Journal
    upstream.journal.targets                           # ["/api/v1/albums?page=2", ...]
    upstream.journal.entries[0]                        # order, method, path, query, user, status,
                                                       # duration, disconnected, effects
    upstream.journal.matching("/api/v1/album*", user=sandbox.PARTNER)
    upstream.journal.high_water, .under_way            # requests at once: at most, and now
    await upstream.journal.until(lambda journal: len(journal) == 3)
    upstream.journal.clear()

Orders
    upstream.orders.add(sandbox.Status(503), path="/api/v1/album/*", times=2)
    upstream.orders.add(sandbox.Latency(200), user=sandbox.PARTNER, probability=0.1, seed=7)
    upstream.orders.add(sandbox.Delete(position=0), path="/api/v1/albums", skip=1, times=1)
    upstream.orders.clear()
    What matches stands at `Order`, what happens at each effect in `effects`. Effects that shape
    the true answer, all that match: Latency, Paging, Link, Edit, Headers, Caching, Compressed,
    Insert, Delete. Effects that end the request, the first that matches: Status, Junk, Reset,
    Hang, Drip, Cut, Huge, Bomb. `async with upstream.down():` refuses connections altogether.

Over HTTP, JSON in and out, never noted in the journal; a wrong description is 422 with a sentence
    GET, DELETE        /_sandbox/requests
    GET, POST, DELETE  /_sandbox/orders                (DELETE also /_sandbox/orders/3)
        {"effect": {"kind": "status", "status": 429, "retry_after": 1}, "path": "/api/v1/*",
         "times": 2}, or a list of such
    GET, POST, PATCH, DELETE  /_sandbox/rows/albums    (and the other lists)
        {"position": 3} or {"id": 273}, with "values": {"title": "New"}, "user", "since", "until"
    POST               /_sandbox/tokens                {"user": "partner@example.com"}
    POST               /_sandbox/reset                 rows, tokens, orders and journal as at start

Where to read on
    `server` runs an `app`, which asks `rest` for what the REST API answers, or `control` for what
    is below /_sandbox; `shaping` changes answers, and `faults` break them off, as `orders` with
    `effects` have it. `journal` notes requests.
    `database` has the rows, in the `tables` that `filling` fills with the `accounts`, the
    `catalogue` (made of `vocabulary` around the `documented` examples) and the `days`. `encoding`
    makes JSON of them.
"""

from .accounts import LISTENER, LISTENER_TOKEN, PARTNER, PARTNER_TOKEN, PASSWORD
from .database import Database, ImpossibleRowError, Listing, NoSuchRowError
from .effects import (
    Bomb,
    Caching,
    Compressed,
    Cut,
    Delete,
    Drip,
    Edit,
    Hang,
    Headers,
    Huge,
    Insert,
    Junk,
    Latency,
    Link,
    Paging,
    Reset,
    Status,
)
from .journal import Entry, Journal
from .orders import Order, Orders, Standing
from .server import Child, Running, listing, running, running_in_thread, start_child

__all__ = [
    "LISTENER",
    "LISTENER_TOKEN",
    "PARTNER",
    "PARTNER_TOKEN",
    "PASSWORD",
    "Bomb",
    "Caching",
    "Child",
    "Compressed",
    "Cut",
    "Database",
    "Delete",
    "Drip",
    "Edit",
    "Entry",
    "Hang",
    "Headers",
    "Huge",
    "ImpossibleRowError",
    "Insert",
    "Journal",
    "Junk",
    "Latency",
    "Link",
    "Listing",
    "NoSuchRowError",
    "Order",
    "Orders",
    "Paging",
    "Reset",
    "Running",
    "Standing",
    "Status",
    "listing",
    "running",
    "running_in_thread",
    "start_child",
]

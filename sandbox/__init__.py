"""The sandbox: the REST API of 1D touch, embedded, written from its documentation alone.

    import sandbox

    async with sandbox.running() as upstream:          # in the current event loop
        upstream.url                                   # http://127.0.0.1:43210
        upstream.journal.targets                       # ["/api/v1/albums?page=2", ...]
        upstream.rows("albums")                        # what all pages together hold, decoded
        upstream.token()                               # a new token of the listener

    with sandbox.running_in_thread() as upstream: ...  # the same from a thread of its own
    with sandbox.start_child() as child: child.url     # a process of its own, ends with its parent

`sandbox.LISTENER_TOKEN` and `sandbox.PARTNER_TOKEN` are valid from the start. The listener
(`listener@example.com`, password `sandbox`) sees everything; the partner (`partner@example.com`)
only some labels and what belongs to them, without stream URLs, the listenings of another station,
and no deliveries (403).
"""

from .accounts import LISTENER, LISTENER_TOKEN, PARTNER, PARTNER_TOKEN, PASSWORD
from .database import ImpossibleRowError, Listing, NoSuchRowError
from .journal import Entry, Journal
from .server import Child, Running, listing, running, running_in_thread, start_child

__all__ = [
    "LISTENER",
    "LISTENER_TOKEN",
    "PARTNER",
    "PARTNER_TOKEN",
    "PASSWORD",
    "Child",
    "Entry",
    "ImpossibleRowError",
    "Journal",
    "Listing",
    "NoSuchRowError",
    "Running",
    "listing",
    "running",
    "running_in_thread",
    "start_child",
]

"""The range of days that a report covers."""

import datetime as dt

from upstream.listing import Collection, Listing

from .errors import BadUserInput


def listing_of_days(
    collection: Collection, since: dt.date | None, until: dt.date | None
) -> Listing:
    """The list of a range of days, both included; the REST API's own range where none is given.

    Raises BadUserInput for half a range, and for one that ends before it starts.
    """
    if (since is None) is not (until is None):
        raise BadUserInput("since and until go together: give both or neither.")
    if since is not None and until is not None and since > until:
        raise BadUserInput("since must not lie after until.")
    return Listing(collection, since, until)

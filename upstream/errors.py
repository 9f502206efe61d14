"""The ways in which the REST API fails to answer, cut by what a caller can do about it.

    UpstreamError
    ├── Unauthenticated      no token, or one that the REST API refuses (401)
    │   └── WrongCredentials no token is given out for a username and a password
    ├── Forbidden            a token without the right (403)
    ├── RateLimited          asked too often (429)
    │   └── Overloaded       our own queue towards the REST API is full
    ├── TimedOut             no whole answer in time (504, a hang, a drip of bytes)
    ├── Unavailable          500, 502, 503, refused or reset connections
    │   ├── Dropped          a kept connection had ended before it was used again
    │   └── BreakerOpen      not even asked: it failed too often just now
    ├── BadResponse          an answer that is none: not JSON, cut short, the wrong shape
    └── BudgetSpent          the caller's own bound on requests is reached

A 404 is no error but `None`. No exception here carries a token, a body, a header or a URL:
what they say may be logged.
"""


class UpstreamError(Exception):
    """The REST API did not give what was asked of it.

    `retry_after` is the number of seconds after which asking again makes sense, or None where
    nobody knows.
    """

    def __init__(self, reason: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after

    def fresh(self) -> "UpstreamError":
        """An equal exception of its own, for one more of several who wait for one request.

        An exception that is raised in several tasks collects the tracebacks of all of them.
        """
        return type(self)(*self.args, retry_after=self.retry_after)


class Unauthenticated(UpstreamError):
    """There is no token, or the REST API does not accept it (401)."""


class WrongCredentials(Unauthenticated):
    """The REST API gives no token for this username and this password."""


class Forbidden(UpstreamError):
    """The token is good, but not for this (403)."""


class RateLimited(UpstreamError):
    """The REST API was asked too often (429)."""


class Overloaded(RateLimited):
    """Too many requests wait for the REST API already; this one was not queued."""


class TimedOut(UpstreamError):
    """No whole answer came in time."""


class Unavailable(UpstreamError):
    """The REST API is down: 500, 502, 503, or no connection to be had."""


class Dropped(Unavailable):
    """A connection that was kept ended before anything came: most likely, nobody was asked."""


class BreakerOpen(Unavailable):
    """The REST API failed so often just now that it was not asked."""


class BadResponse(UpstreamError):
    """What came back is not what the REST documentation promises.

    Stands also as a value in a record, in the place of the one thing that was wrong.
    """


class BudgetSpent(UpstreamError):
    """The bound that the caller set on REST requests is reached; this one was not sent."""

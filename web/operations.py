"""The record of a request, which logs, metrics and traces are made from when it is over."""

from msgspec import Struct

from upstream.caller import Caller


class Operation(Struct):
    """What is known of a request when it has been answered; without tokens, values or texts.

    `kind` is "query", "mutation" or "subscription", `name` the operation's own, both None where it
    did not come to that. `trusted` is whether the document is one of the operator's. `status` is
    the HTTP status, 499 where the client went away before it got one. `estimated_requests` is the
    most that it could cost upstream. `traceparent` is the header of that name (W3C Trace Context).
    """

    request_id: str
    kind: str | None = None
    name: str | None = None
    trusted: bool = False
    status: int = 0
    seconds: float = 0.0
    caller: Caller | None = None
    estimated_requests: int = 0
    codes: tuple[str, ...] = ()
    answered_bytes: int = 0
    traceparent: str | None = None

"""The records of requests, which logs, metrics and traces are made from once they are over."""

from typing import Final

from msgspec import Struct

from upstream.caller import Caller

LONGEST_NAME: Final = 100
"""Characters of an operation's name that are noted: callers may name them as long as they like."""


class RequestRecord(Struct):
    """What is known of a request when it has been answered; without tokens, values or texts.

    `kind` ("query", "mutation" or "subscription") and `name`, its first LONGEST_NAME characters,
    are those of the operation, None where it did not come to one. `trusted` is whether the document
    is one of the operator's. `status` is the HTTP status, 499 where the client went away before it
    got one. `seconds` is the time until there was an answer, `answered_bytes` the size of its body
    before compression; `codes` are those of its errors, each once. `caller` has what was asked
    upstream, `estimated_requests` the most that it could cost there. `traceparent` is the header of
    that name (W3C Trace Context).
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

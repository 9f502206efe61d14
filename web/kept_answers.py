"""Kept answers: the encoded bytes of whole answers, served again while every part is fresh.

They are kept for one token, by the bytes of the request, which hold document, operation name and
variables: so an equal request is answered before anything of it is parsed. They are kept as long
as the least fresh of the REST API's answers in them, and are purged with the token.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final

import msgspec

from upstream.caller import Caller

_OVERHEAD: Final = 512
"""Bytes of memory that an answer takes beside its body."""


class KeptAnswer(msgspec.Struct, frozen=True, gc=False):
    """The body of an answer, and what logs and metrics say of its operation."""

    body: bytes
    operation_name: str | None
    trusted: bool


def request_key(method: str, sent: bytes) -> str:
    """The name of a request and all that equal it, by its body or its URL's query."""
    return f"{method} {blake2b(sent, digest_size=16).hexdigest()}"


def weight_of(body: bytes) -> int:
    """The bytes of memory that a kept answer takes."""
    return len(body) + _OVERHEAD


def seconds_of_freshness(caller: Caller, now: float) -> float:
    """How long all that the REST API said in an operation is fresh from now on; 0 for not at all.

    An operation that asked nothing has nothing to be kept for: it is as quick again, unless it is
    about the schema, which has a place of its own.
    """
    ends: Sequence[float] = [
        caller.started + each.started + each.duration + each.fresh_for
        for each in caller.exchanges
        if each.fresh_for > 0
    ]
    if not ends or len(ends) < len(caller.exchanges):
        return 0.0
    return max(0.0, min(ends) - now)

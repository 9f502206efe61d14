"""Kept answers: the encoded bytes of whole answers, served again while every part is fresh.

They are kept for one token, by document, operation name and variables, as long as the least
fresh of the REST API's answers in them; they are purged with the token.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from upstream.caller import Caller

_OVERHEAD: Final = 512
"""Bytes of memory that an answer takes beside its body."""

_encode: Final = msgspec.json.Encoder().encode


def answer_key(text: str, operation_name: str | None, variables: Mapping[str, Any]) -> str:
    """The name of an operation's answer."""
    asked = _encode((text, operation_name, variables))
    return "answer " + blake2b(asked, digest_size=16).hexdigest()


def weight_of(body: bytes) -> int:
    """The bytes of memory that a kept answer takes."""
    return len(body) + _OVERHEAD


def seconds_of_freshness(caller: Caller, now: float) -> float:
    """How long all that the REST API said in an operation is fresh from now on; 0 for not at all.

    An operation that asked nothing has nothing to be kept for: it is as quick again.
    """
    ends: Sequence[float] = [
        caller.started + each.started + each.duration + each.fresh_for
        for each in caller.exchanges
        if each.fresh_for > 0
    ]
    if not ends or len(ends) < len(caller.exchanges):
        return 0.0
    return max(0.0, min(ends) - now)

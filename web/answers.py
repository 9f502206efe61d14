"""The answer to one GraphQL request: what it says, how it was got and who may keep it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from time import monotonic
from typing import Any, Final

import msgspec

from upstream.caller import Caller, Exchange

from .incoming import Message, Receive
from .negotiation import CONTENT_TYPES, JSON
from .refusals import Headers, Refused
from .request_records import RequestRecord

Send = Callable[[Message], Awaitable[None]]

_NOT_MODIFIED: Final = 304
NO_STORE: Final = b"no-store"
encode: Final = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Answer:
    """Status, body and headers, ready to be sent: an ASGI application that says just that."""

    status: int
    body: bytes
    headers: Headers = field(default_factory=list)

    async def __call__(self, _scope: Message, _receive: Receive, send: Send) -> None:
        """Send it."""
        headers = self.headers
        if self.status != _NOT_MODIFIED:
            headers = [*headers, (b"content-length", b"%d" % len(self.body))]
        # The server's own `send` has a shorter way (web/sending.py); what wraps it has not.
        whole = getattr(send, "whole", None)
        if whole is not None and whole(self.status, headers, self.body):
            return
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def executed(
    data: dict[str, Any] | None, errors: list[dict[str, Any]], extensions: dict[str, Any]
) -> bytes:
    """The body for an operation that was executed, with or without errors: it has `data`."""
    payload: dict[str, Any] = {"data": data}
    if errors:
        # First, where a person sees them (GraphQL, 7.1).
        payload = {"errors": errors, "data": data}
    if extensions:
        payload["extensions"] = extensions
    return encode(payload)


def ready(media_type: bytes | None, body: bytes, cache_control: bytes) -> Answer:
    """The answer with such a body."""
    return Answer(
        200,
        body,
        [
            (b"content-type", CONTENT_TYPES[media_type or JSON]),
            (b"cache-control", cache_control),
        ],
    )


def not_executed(media_type: bytes | None, errors: list[dict[str, Any]]) -> Answer:
    """The answer to a well-formed request whose document, operation or variables are wrong.

    `application/json` may come from anything on the way, so that clients of it want 200 before
    they look into the body; the newer type is trusted with the true status (GraphQL over HTTP).
    """
    return Answer(
        200 if media_type == JSON else 400,
        encode({"errors": errors}),
        [(b"content-type", CONTENT_TYPES[media_type or JSON]), (b"cache-control", NO_STORE)],
    )


def extensions(
    record: RequestRecord,
    stale: Sequence[tuple[list[str | int], float]],
    left_out: int,
    include: bytes | None,
) -> dict[str, Any]:
    """What the answer says beside the data: what was stale always, what it cost if asked for.

    `left_out` is how many errors it does not list, lest a null without one be taken for nothing.
    `include` is the header X-Include: `cost`, `upstream` or both, by commas.
    """
    told: dict[str, Any] = {}
    if left_out:
        told["errorsLeftOut"] = left_out
    if stale:
        # A list and all that was joined to it have one path: once is enough, with the oldest.
        oldest: dict[tuple[str | int, ...], float] = {}
        for path, age in stale:
            oldest[tuple(path)] = max(age, oldest.get(tuple(path), 0.0))
        told["stale"] = [{"path": path, "age": round(age, 3)} for path, age in oldest.items()]
    if include is None or record.caller is None:
        return told
    wanted = {part.strip().lower() for part in include.split(b",")}
    caller = record.caller
    if b"cost" in wanted:
        told["cost"] = {"estimated": record.estimated_requests, "actual": caller.requests}
    if b"upstream" in wanted:
        told["upstream"] = [_shown(exchange) for exchange in caller.exchanges]
    return told


def _shown(exchange: Exchange) -> dict[str, Any]:
    """One exchange for a person: times in milliseconds since the operation's start."""
    return {
        "path": exchange.target,
        "route": exchange.route,
        "start": round(exchange.started * 1000, 1),
        "duration": round(exchange.duration * 1000, 1),
        "source": exchange.source,
        "status": exchange.status,
        "requests": exchange.requests,
    }


def explained(media_type: bytes | None, plan: dict[str, Any]) -> Answer:
    """The answer that tells what an operation would ask upstream, and asks nothing."""
    return ready(media_type, executed({}, [], {"explain": plan}), NO_STORE)


def refusal(media_type: bytes | None, refused: Refused) -> Answer:
    """The answer to a request that is refused."""
    error = {"message": refused.sentence, "extensions": {"code": refused.code}}
    return Answer(
        refused.status,
        encode({"errors": [error]}),
        [
            (b"content-type", CONTENT_TYPES[media_type or JSON]),
            (b"cache-control", NO_STORE),
            *refused.headers,
        ],
    )


def cache_control(caller: Caller | None, *, storable: bool) -> bytes:
    """How long the caller may keep an answer: as long as its least fresh part is fresh.

    An answer that took nothing from upstream is about the schema, or an error; neither is kept.
    What the REST API lets nobody store is not stored here either.
    """
    if not storable or caller is None or not caller.exchanges:
        return NO_STORE
    now = monotonic() - caller.started
    longest = caller.exchanges[0].fresh_for
    for each in caller.exchanges:
        if each.fresh_for < 0:
            return NO_STORE
        longest = min(longest, int(each.fresh_for) - int(now - each.started - each.duration))
    return private(longest)


def private(seconds: float) -> bytes:
    """The Cache-Control of what its caller alone may keep, for so many whole seconds."""
    return b"private, max-age=%d" % max(0, seconds)


def server_timing(caller: Caller | None, seconds: float) -> bytes:
    """The Server-Timing header: requests upstream and the time in which any was waited for."""
    total = b"total;dur=%.1f" % (seconds * 1000)
    if caller is None or not caller.exchanges:
        return total
    waited = seconds_under_way(caller.exchanges) * 1000
    return b'upstream;desc="%d requests";dur=%.1f, %b' % (caller.requests, waited, total)


def seconds_under_way(exchanges: Sequence[Exchange]) -> float:
    """The seconds in which at least one of the exchanges was under way."""
    if len(exchanges) == 1:
        return exchanges[0].duration
    covered = 0.0
    until = float("-inf")
    for started, ended in sorted(
        [(each.started, each.started + each.duration) for each in exchanges]
    ):
        if ended > until:
            covered += ended - max(started, until)
            until = ended
    return covered


def weak_etag(body: bytes) -> bytes:
    """The entity tag of a body; weak, because compression changes the bytes and not the answer."""
    return b'W/"%b"' % blake2b(body, digest_size=12).hexdigest().encode()


def is_known(etag: bytes, if_none_match: bytes | None) -> bool:
    """Whether the client has that answer already; the comparison is the weak one (RFC 9110)."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == b"*":
        return True
    bare = etag.removeprefix(b"W/")
    return any(tag.strip().removeprefix(b"W/") == bare for tag in if_none_match.split(b","))

"""The GraphQL request as it comes in over HTTP: read within bounds, or refused."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from .begun import Begun
from .refusals import Refused, malformed

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

DEEPEST_JSON: Final = 64
"""How deep the values of variables may be nested; none of our input types nests itself."""
MOST_DISCARDED_BYTES: Final = 64 * 1024 * 1024
LONGEST_DISCARD_SECONDS: Final = 2.0


class Disconnected(Exception):
    """The client has gone: nobody waits for an answer any more."""


class Request(msgspec.Struct, gc=False):
    """The parameters of one GraphQL request; `query` is the text of the document.

    `id` and `documentId` name a document that the server knows already.
    """

    query: str | None = None
    operationName: str | None = None  # noqa: N815 - the name that GraphQL over HTTP gives it
    variables: dict[str, Any] | None = None
    extensions: dict[str, Any] | None = None
    id: str | None = None
    documentId: str | None = None  # noqa: N815 - likewise


class _Envelope(msgspec.Struct, gc=False):
    """A request whose variables are not decoded yet, so that their size is known first."""

    query: str | None = None
    operationName: str | None = None  # noqa: N815 - as above
    variables: msgspec.Raw = msgspec.Raw()
    extensions: msgspec.Raw = msgspec.Raw()
    id: str | None = None
    documentId: str | None = None  # noqa: N815 - as above


_decode_envelope = msgspec.json.Decoder(_Envelope).decode
_decode_map = msgspec.json.Decoder(dict[str, Any] | None).decode


class Body:
    """The body of one request, counted while it comes in.

    `ended` is whether all of it is here, or never will be.
    """

    __slots__ = ("_receive", "ended")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.ended = False

    async def read(self, length: bytes | None, limit: int, seconds: float) -> bytes:
        """The whole body.

        `length` is what its header says. Raises Refused (413) at the first byte over the limit,
        and (408) where the body takes too long.
        """
        if length is not None and length.isdigit() and int(length[:20]) > limit:
            raise _too_large(limit)
        reading = Begun(self._whole(limit))
        if reading.done:
            return await reading
        try:
            async with asyncio.timeout(seconds):
                return await reading
        except TimeoutError:
            self.ended = True
            raise Refused(
                408,
                "BAD_USER_INPUT",
                f"The body was not there within {seconds:g} seconds.",
                [(b"connection", b"close")],
            ) from None

    async def discard(self) -> None:
        """Read what is left of a body that was refused, within bounds, and forget it.

        A connection that is closed with unread bytes is reset, and the client may lose the answer.
        """
        left = MOST_DISCARDED_BYTES
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_DISCARD_SECONDS):
                while not self.ended and left > 0:
                    left -= len(await self._part())

    async def _whole(self, limit: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while size <= limit:
            if self.ended:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            parts.append(await self._part())
            size += len(parts[-1])
        raise _too_large(limit)

    async def _part(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.ended = True
            raise Disconnected
        self.ended = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        return part


def _too_large(limit: int) -> Refused:
    return Refused(
        413,
        "QUERY_TOO_COMPLEX",
        f"The body is larger than the {limit} bytes that are allowed.",
        [(b"connection", b"close")],
    )


def request_in_body(body: bytes, variables_limit: int) -> Request:
    """The request in a JSON body; raises Refused for anything that is not exactly one."""
    if not body.isascii():
        _assert_utf8(body)
    try:
        envelope = _decode_envelope(body)
    except msgspec.ValidationError as error:
        if body.lstrip()[:1] == b"[":
            raise malformed("One operation a request: batches are not taken.") from None
        raise malformed(_without_values(error)) from None
    except msgspec.DecodeError:
        raise malformed("The body is not valid JSON.") from None
    except RecursionError:
        raise _too_deep() from None
    return Request(
        envelope.query,
        envelope.operationName,
        _json_map("variables", bytes(envelope.variables), variables_limit),
        _json_map("extensions", bytes(envelope.extensions), variables_limit),
        envelope.id,
        envelope.documentId,
    )


_PARAMETERS: Final = frozenset(Request.__struct_fields__)


def request_in_url(query_string: bytes, variables_limit: int) -> Request:
    """The request in a URL's query; unknown parameters are ignored, empty ones are absent."""
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=False,
            errors="strict",
            max_num_fields=100,
        )
    except ValueError:
        raise malformed("The URL's query is not form-encoded UTF-8.") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in _PARAMETERS:
            continue
        if name in found:
            raise malformed(f"The parameter {name} stands twice in the URL.")
        found[name] = value
    return Request(
        found.get("query"),
        found.get("operationName"),
        _json_map("variables", found.get("variables", "").encode(), variables_limit),
        _json_map("extensions", found.get("extensions", "").encode(), variables_limit),
        found.get("id"),
        found.get("documentId"),
    )


def _json_map(name: str, encoded: bytes, limit: int) -> dict[str, Any] | None:
    if not encoded:
        return None
    if len(encoded) > limit:
        raise Refused(
            413, "QUERY_TOO_COMPLEX", f"`{name}` has more than the {limit} bytes that are allowed."
        )
    try:
        values: dict[str, Any] | None = _decode_map(encoded)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        if isinstance(error, msgspec.ValidationError) and "out of range" in str(error):
            raise malformed(f"`{name}` holds a number that is too large.") from None
        raise malformed(f"`{name}` must be a JSON object or null.") from None
    except RecursionError:
        raise _too_deep() from None
    # Where there are few brackets, no value can be deep.
    if values and encoded.count(b"{") + encoded.count(b"[") > DEEPEST_JSON:
        _assert_shallow(values)
    return values


def _assert_shallow(values: dict[str, Any]) -> None:
    """Raise the refusal of values that are nested too deep."""
    pending: list[tuple[Any, int]] = [(values, 1)]
    while pending:
        container, depth = pending.pop()
        if depth > DEEPEST_JSON:
            raise _too_deep()
        for value in container.values() if type(container) is dict else container:
            kind = type(value)
            if kind is dict or kind is list:
                pending.append((value, depth + 1))


def _assert_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError:
        raise malformed("The body is not valid UTF-8.") from None


def _too_deep() -> Refused:
    return Refused(
        400, "QUERY_TOO_COMPLEX", f"The JSON is nested deeper than {DEEPEST_JSON} levels."
    )


def _without_values(error: msgspec.ValidationError) -> str:
    """What is wrong with the request's shape: msgspec names types and places, never a value."""
    return f"The body is not a GraphQL request: {error}."

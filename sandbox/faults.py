"""The faults: answers that break off, never come or never end, made on the connection itself."""

import asyncio
import socket
import struct
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Final

from aiohttp import web

from .effects import Bomb, Cut, Drip, Hang, Huge, Moment, Reset
from .rest import Answer

Fault = Reset | Hang | Drip | Cut | Huge | Bomb

_MEGABYTE: Final = 1024 * 1024
_SPACES: Final = b" " * (_MEGABYTE // 4)
# RFC 1952; what zlib calls it.
_GZIP_WINDOW: Final = 31


async def end_in_fault(
    request: web.BaseRequest, answer: Answer, fault: Fault
) -> web.StreamResponse:
    """Answer a request as a fault has it; `answer` is what it would have got without."""
    if isinstance(fault, Huge):
        return await _stream(request, answer, fault)
    if isinstance(fault, Drip):
        return await _drip(request, answer, fault)
    if isinstance(fault, Cut):
        share = int(len(answer.body) * fault.share)
        _write(request, _head(answer, chunked=fault.chunked))
        part = answer.body[:share]
        _write(request, b"%x\r\n%b\r\n" % (len(part), part) if fault.chunked and part else part)
        _close(request)
        return web.Response()
    _write(request, _begun(answer, fault.after))
    if isinstance(fault, Hang):
        # Until the caller leaves, or the sandbox stops.
        await asyncio.Event().wait()
    _reset(request)
    return web.Response()


def _begun(answer: Answer, moment: Moment) -> bytes:
    if moment == "request":
        return b""
    if moment == "headers":
        return _head(answer, chunked=False)
    return _head(answer, chunked=False) + answer.body[: len(answer.body) // 2]


def _head(answer: Answer, *, chunked: bool) -> bytes:
    length = (
        {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(answer.body))}
    )
    lines = [f"{name}: {value}" for name, value in {**answer.headers, **length}.items()]
    return "\r\n".join([f"HTTP/1.1 {answer.status} OK", *lines, "", ""]).encode()


def _write(request: web.BaseRequest, sent: bytes) -> None:
    if sent and request.transport is not None:
        request.transport.write(sent)


def _close(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()


def _reset(request: web.BaseRequest) -> None:
    transport = request.transport
    if transport is None:
        return
    connection = transport.get_extra_info("socket")
    # Closing with a linger time of zero sends RST instead of FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _drip(request: web.BaseRequest, answer: Answer, drip: Drip) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    await response.prepare(request)
    async for byte in _drops(answer.body, endless=drip.endless):
        await response.write(byte)
        await asyncio.sleep(drip.milliseconds / 1000)
    await response.write_eof()
    return response


async def _drops(body: bytes, *, endless: bool) -> AsyncIterator[bytes]:
    for place in range(len(body) - 1):
        yield body[place : place + 1]
    while endless:
        yield b" "
    yield body[-1:]


async def _stream(request: web.BaseRequest, answer: Answer, huge: Huge) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    pieces = _padded(answer.body, huge.megabytes)
    if isinstance(huge, Bomb):
        response.headers["Content-Encoding"] = "gzip"
        pieces = _gzipped(pieces)
    await response.prepare(request)
    for piece in pieces:
        await response.write(piece)
        # Others have their turn between two pieces, and a caller who left is noticed.
        await asyncio.sleep(0)
    await response.write_eof()
    return response


def _padded(body: bytes, megabytes: int) -> Iterator[bytes]:
    yield body[:-1]
    for _ in range(megabytes * _MEGABYTE // len(_SPACES)):
        yield _SPACES
    yield body[-1:]


def _gzipped(pieces: Iterator[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(9, zlib.DEFLATED, _GZIP_WINDOW)
    for piece in pieces:
        compressed = compressor.compress(piece)
        if compressed:
            yield compressed
    yield compressor.flush()

"""The load: callers that each send their next request when they have the answer to their last.

It is a process of its own, which reads what to do as JSON from standard input and prints what it
saw. It warms the server up first. CPU time is taken from idle to idle, so that it belongs to the
requests that were counted, all of them and no others.
"""

import asyncio
import json
import math
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any, Final, cast
from urllib.parse import urlsplit

import uvloop

from .children import asked, cpu_seconds, memory, peak_memory

# More at once would overflow a server's backlog.
CONNECTING: Final = 100
_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_SAMPLE: Final = 300


@dataclass(frozen=True)
class Plan:
    """What to do: for `seconds`, or until `operations` were begun, whichever is first."""

    url: str
    upstream: str
    server: int
    body: str
    length: int
    connections: int
    own_tokens: bool
    warm_up: float
    seconds: float
    operations: int = sys.maxsize


@dataclass(frozen=True)
class Seen:
    """What came of it; times in seconds, memory in MiB.

    `strange` counts answers that are not as long as the one that was checked, `sample` begins one.
    """

    operations: int
    seconds: float
    cpu: float
    own_cpu: float
    p50: float
    p99: float
    requests: int
    memory: float
    peak_memory: float
    strange: int
    sample: str


class Load:
    """What all callers share: the next request, what is counted, when to stop."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        parts = urlsplit(plan.url)
        body = plan.body.encode()
        self._before = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\nAccept: application/json\r\n"
            f"Content-Length: {len(body)}\r\nAuthorization: Bearer "
        ).encode()
        self._after = _END + body
        # No token is sent twice, not by the next load either.
        self._numbers: Iterator[int] = count(time.time_ns())
        self.length = plan.length
        self.begin(0)

    def begin(self, seconds: float, operations: int = sys.maxsize) -> None:
        """Forget what was counted; go on for so long."""
        self.latencies: list[float] = []
        self.strange = 0
        self.sample = b""
        self._left = operations
        self._until = time.perf_counter() + seconds

    def next_request(self) -> bytes | None:
        """The bytes of the next request; None where it is enough."""
        if self._left <= 0 or time.perf_counter() >= self._until:
            return None
        self._left -= 1
        # All of one length, as tokens are.
        token = b"%032d" % (next(self._numbers) if self._plan.own_tokens else 0)
        return b"".join((self._before, token, self._after))


class Caller(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport
        self._idle: asyncio.Future[None] | None = None
        self._head = b""
        self._missing = 0
        self._length = 0
        self._started = 0.0
        self._lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports are no subclasses of asyncio's.
        self._transport = cast(asyncio.Transport, transport)

    def run(self) -> "asyncio.Future[None]":
        """Call until it is enough; done when the last answer is there."""
        self._idle = asyncio.get_running_loop().create_future()
        self._call()
        return self._idle

    def _call(self) -> None:
        request = None if self._lost else self._load.next_request()
        if request is None:
            if self._idle is not None and not self._idle.done():
                self._idle.set_result(None)
            return
        self._started = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Count bytes until the answer is whole."""
        if self._missing:
            self._missing -= len(data)
        else:
            self._head += data
            end = self._head.find(_END)
            if end < 0:
                return
            head = self._head[:end].lower()
            at = head.find(_LENGTH)
            if at < 0:
                raise RuntimeError(f"an answer without its length: {self._head[:end]!r}")
            line, _, _ = head[at + len(_LENGTH) :].partition(b"\r")
            self._length = int(line)
            self._missing = self._length - (len(self._head) - end - len(_END))
        if self._missing == 0:
            self._whole()

    def _whole(self) -> None:
        load = self._load
        load.latencies.append(time.perf_counter() - self._started)
        if self._length != load.length:
            load.strange += 1
            load.sample = load.sample or self._head[:_SAMPLE]
        self._head = b""
        self._call()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection that the server dropped."""
        self._lost = True
        if self._idle is not None and not self._idle.done():
            self._load.strange += 1
            self._load.sample = self._load.sample or f"connection lost: {exc!r}".encode()
            self._idle.set_result(None)


def percentile(ascending: list[float], share: float) -> float:
    """The value that so large a share of the values does not exceed; NaN where there is none."""
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)] if ascending else math.nan


async def _callers(plan: Plan, load: Load) -> list[Caller]:
    loop = asyncio.get_running_loop()
    address = urlsplit(plan.url)
    made: list[Caller] = []
    while len(made) < plan.connections:
        some = min(CONNECTING, plan.connections - len(made))
        made += [
            protocol
            for _, protocol in await asyncio.gather(
                *(
                    loop.create_connection(
                        lambda: Caller(load), address.hostname or "", address.port or 0
                    )
                    for _ in range(some)
                )
            )
        ]
    return made


async def measured(plan: Plan) -> Seen:
    """Warm up, then measure."""
    load = Load(plan)
    callers = await _callers(plan, load)
    load.begin(plan.warm_up)
    await asyncio.gather(*(caller.run() for caller in callers))

    asked(f"{plan.upstream}/_requests", "DELETE")
    cpu, own_cpu, started = cpu_seconds(plan.server), time.process_time(), time.perf_counter()
    load.begin(plan.seconds, plan.operations)
    await asyncio.gather(*(caller.run() for caller in callers))
    seconds = time.perf_counter() - started
    cpu, own_cpu = cpu_seconds(plan.server) - cpu, time.process_time() - own_cpu

    latencies = sorted(load.latencies)
    return Seen(
        operations=len(latencies),
        seconds=seconds,
        cpu=cpu,
        own_cpu=own_cpu,
        p50=percentile(latencies, 0.5),
        p99=percentile(latencies, 0.99),
        requests=asked(f"{plan.upstream}/_requests")["requests"],
        memory=memory(plan.server),
        peak_memory=peak_memory(plan.server),
        strange=load.strange,
        sample=load.sample.decode(errors="replace"),
    )


def main() -> None:
    """Read the plan, print what was seen."""
    plan: dict[str, Any] = json.load(sys.stdin)
    seen = uvloop.run(measured(Plan(**plan)))
    json.dump(asdict(seen), sys.stdout)


if __name__ == "__main__":
    main()

"""The soak: `python -m benchmarks.soak` asks thousands of mixed questions while the upstream fails.

Several users ask the facade at once; it asks the sandbox, which fails one request in twenty, in
every way it knows. What is answered is compared with the sandbox's own rows. It prints its figures
and fails on a wrong row, on another user's row, on an error without a code of the contract, and on
memory that grows.
"""

import argparse
import asyncio
import datetime as dt
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import msgspec

import sandbox
from sandbox.effects import JunkForm, Moment

from .children import asked, child, free_port, memory, wait_until_answering
from .contenders import LOGS, ROOT
from .load import percentile
from .measuring import tell
from .questions import (
    MAKERS,
    Json,
    Path,
    Question,
    Truth,
    rows_of_others,
    truth,
    wrong_places,
)
from .report import figure, table

REQUESTS: Final = 10_000
CALLERS: Final = 16
FAULTY: Final = 0.05
SPANS: Final = 10
# The first spans fill caches and pools; beyond a tenth more than they left, memory grows.
SETTLING: Final = 3
MOST_GROWTH: Final = 1.10
# One question in so many is a whole visit: a log-in, a question, a log-out, the question again.
VISITS: Final = 25
SHOWN: Final = 10
LONGEST_COMPLAINT: Final = 600

LOG_IN: Final = "mutation($input: CreateTokenInput!) { createToken(input: $input) { accessToken } }"
LOG_OUT: Final = "mutation($input: RevokeTokenInput!) { revokeToken(input: $input) { revoked } }"

CODES: Final = frozenset(
    {
        *("BAD_USER_INPUT", "UNAUTHENTICATED", "FORBIDDEN", "RATE_LIMITED", "QUERY_TOO_COMPLEX"),
        *("UPSTREAM_TIMEOUT", "UPSTREAM_UNAVAILABLE", "UPSTREAM_BAD_RESPONSE"),
    }
)

# Short patience, so that a hang costs the soak one second and not five; short freshness, so that
# caches and the upstream both have their part.
FLAGS: Final = (
    *("--upstream-request-timeout", "1", "--deadline", "4", "--log-requests", "false"),
    # Four times the largest page: bodies beyond are refused, and cost no more than that to refuse.
    *("--upstream-most-body-bytes", "8000000"),
    *("--fresh-catalogue", "2", "--fresh-finished-days", "2", "--cache-bytes", "16000000"),
)


def faults() -> list[tuple[Any, str]]:
    """Every kind of fault, and where it strikes: none that could pass for a true answer."""
    junk: tuple[JunkForm, ...] = (
        *("text", "html", "empty", "utf8", "object", "list", "string", "number", "null"),
        *("swapped", "nan", "digits", "deep"),
    )
    moments: tuple[Moment, ...] = ("request", "headers", "half")
    anywhere = [
        *(sandbox.Status(status) for status in (400, 401, 429, 500, 502, 503, 504)),
        sandbox.Status(429, retry_after=1),
        sandbox.Status(302, location="http://127.0.0.1:9/elsewhere"),
        *(sandbox.Junk(form) for form in junk),
        *(sandbox.Reset(moment) for moment in moments),
        *(sandbox.Hang(moment) for moment in moments),
        sandbox.Drip(),
        sandbox.Cut(),
        sandbox.Cut(chunked=True),
        sandbox.Huge(9),
        sandbox.Bomb(9),
        sandbox.Latency(300),
        sandbox.Compressed(),
        *(sandbox.Link(form) for form in ("none", "foreign", "trailing")),
        sandbox.Edit("id", delete=True, position=0),
    ]
    # In one row each: an answer lists a hundred errors at most, and each null needs its own here.
    in_albums = [
        sandbox.Edit("title", value=7, position=0),
        sandbox.Edit("released_at", value="2014-13-45", position=0),
        sandbox.Edit("tracks[*].high_bitrate_url", value="ftp://elsewhere", position=0),
    ]
    return [(fault, "/api/v1/*") for fault in anywhere] + [
        (fault, "/api/v1/album*") for fault in in_albums
    ]


def order_faults(url: str) -> int:
    """Have one request in twenty fail, each kind as often as the others; how many kinds."""
    kinds = faults()
    for seed, (fault, path) in enumerate(kinds):
        order = sandbox.Order(effect=fault, path=path, probability=FAULTY / len(kinds), seed=seed)
        asked(f"{url}/_sandbox/orders", "POST", msgspec.json.encode(order).decode())
    return len(kinds)


@dataclass
class Tally:
    """What came of the questions."""

    answers: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    crossed: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    @property
    def growth(self) -> float:
        """The memory at the end as a share of what it was when all had settled."""
        return self.memory[-1] / max(self.memory[:SETTLING])


class User:
    """A session: one user's token, and a new one when it is refused."""

    def __init__(self, sandbox_url: str, mine: Truth) -> None:
        self.mine = mine
        self._sandbox_url = sandbox_url
        self.log_in()

    def log_in(self) -> None:
        """Take a new token."""
        body = f'{{"user": "{self.mine.username}"}}'
        self.token: str = asked(f"{self._sandbox_url}/_sandbox/tokens", "POST", body)["token"]


class Soak:
    """Callers in front of one facade, until they have had so many answers together."""

    def __init__(
        self, url: str, process_id: int, session: aiohttp.ClientSession, requests: int
    ) -> None:
        self.tally = Tally()
        self._url = url
        self._process_id = process_id
        self._session = session
        self._requests = requests

    async def call(self, user: User, dice: random.Random) -> None:
        """Be one caller."""
        while len(self.tally.latencies) < self._requests:
            if dice.randrange(VISITS) == 0:
                await self._visit(user.mine, dice)
                continue
            question: Question | None = dice.choice(MAKERS)(user.mine, dice)
            while question is not None:
                answer = await self._ask(question.query, question.variables, user.token)
                self._judge(answer, question, user.mine)
                if "UNAUTHENTICATED" in _codes(answer):
                    user.log_in()
                cursor = _end_cursor(answer)
                following = question.following
                question = following(cursor) if following is not None and cursor else None

    async def _visit(self, mine: Truth, dice: random.Random) -> None:
        """Log in, ask, log out, and find that the token is dead."""
        credentials = {"username": mine.username, "password": sandbox.PASSWORD}
        made = await self._ask(LOG_IN, {"input": credentials}, None)
        self._note_codes(made)
        if not made.get("data"):
            return
        token = made["data"]["createToken"]["accessToken"]
        question = MAKERS[0](mine, dice)
        answer = await self._ask(question.query, question.variables, token)
        self._judge(answer, question, mine)
        gone = await self._ask(LOG_OUT, {"input": {"token": token}}, token)
        self._note_codes(gone)
        if not gone.get("data"):
            return
        after = await self._ask(question.query, question.variables, token)
        self._note_codes(after)
        if "UNAUTHENTICATED" not in _codes(after) or after["data"]["album"] is not None:
            self.tally.crossed.append(f"a revoked token was answered: {after}")

    async def _ask(self, query: str, variables: Json, token: str | None) -> Json:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        started = time.perf_counter()
        body = {"query": query, "variables": variables}
        async with self._session.post(self._url, json=body, headers=headers) as response:
            answer: Json = await response.json()
        tally = self.tally
        tally.latencies.append(time.perf_counter() - started)
        if len(tally.latencies) % (self._requests // SPANS) == 0:
            tally.memory.append(memory(self._process_id))
            tell(".")
        return answer

    def _note_codes(self, answer: Json) -> None:
        self.tally.codes.update(_codes(answer))

    def _judge(self, answer: Json, question: Question, mine: Truth) -> None:
        tally = self.tally
        self._note_codes(answer)
        errors = answer.get("errors", ())
        failed: list[Path] = [tuple(error.get("path", ())) for error in errors]
        data = answer.get("data")
        stale = "stale" in answer.get("extensions", {})
        outcome = "none" if not data or not any(data.values()) else "part" if failed else "whole"
        tally.answers[f"{outcome}, stale" if stale else outcome] += 1
        tally.wrong += [
            f"{path}: {how}; {mine.username} asked {question.query} {question.variables}"
            for path, how in wrong_places(data, question.expected, failed)
        ]
        tally.crossed += [
            f"{mine.username} was given {found}" for found in rows_of_others(data, mine)
        ]


def _codes(answer: Json) -> list[str]:
    return [
        str(error.get("extensions", {}).get("code", "no code"))
        for error in answer.get("errors", ())
    ]


def _end_cursor(answer: Json) -> str | None:
    window = (answer.get("data") or {}).get("albums") or {}
    cursor: str | None = window.get("pageInfo", {}).get("endCursor")
    return cursor


async def soak(requests: int) -> tuple[Tally, int]:
    """The whole soak; what came of it, and how many kinds of faults there were."""
    day = (dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)).isoformat()
    port = free_port()
    log = LOGS / "soak.txt"
    core = min(os.sched_getaffinity(0))
    with ExitStack() as stack:
        upstream = stack.enter_context(sandbox.start_child()).url
        command = [sys.executable, "server.py", "--upstream", upstream, "--port", str(port), *FLAGS]
        process = stack.enter_context(child(command, core, log, folder=ROOT))
        url = f"http://127.0.0.1:{port}/graphql"
        wait_until_answering(process, url, log)
        truths = [truth(upstream, name, day) for name in (sandbox.LISTENER, sandbox.PARTNER)]
        kinds = order_faults(upstream)
        users = [User(upstream, truths[number % len(truths)]) for number in range(CALLERS)]
        async with aiohttp.ClientSession() as session:
            soaking = Soak(url, process.pid, session, requests)
            await asyncio.gather(
                *(
                    soaking.call(user, random.Random(number))  # noqa: S311 - reproducible
                    for number, user in enumerate(users)
                )
            )
    tell("\n")
    return soaking.tally, kinds


def report(tally: Tally, kinds: int, seconds: float) -> str:
    """The figures in Markdown."""
    latencies = [1000 * each for each in sorted(tally.latencies)]
    rows = [
        ("operations", f"{len(latencies):,} in {seconds:.0f} s"),
        ("kinds of faults", f"{kinds}, together in {FAULTY:.0%} of upstream requests"),
        *((f"answers: {kind}", f"{count:,}") for kind, count in sorted(tally.answers.items())),
        *((f"errors: {code}", f"{count:,}") for code, count in sorted(tally.codes.items())),
        *(
            (f"{name}, ms", figure(percentile(latencies, share)))
            for name, share in (("p50", 0.5), ("p99", 0.99), ("longest", 1))
        ),
        ("memory along the way", ", ".join(map(figure, tally.memory)) + " MiB"),
        ("wrong values", f"{len(tally.wrong):,}"),
        ("values of another user, or for a dead token", f"{len(tally.crossed):,}"),
    ]
    return table(("", ""), rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 where anything came out that must not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=REQUESTS, help="default: %(default)s")
    chosen = parser.parse_args(arguments)
    started = time.monotonic()
    tally, kinds = asyncio.run(soak(max(chosen.requests, SPANS)))
    sys.stdout.write(report(tally, kinds, time.monotonic() - started))
    complaints = [
        *tally.wrong[:SHOWN],
        *tally.crossed[:SHOWN],
        *(f"an error with {code}" for code in tally.codes.keys() - CODES),
    ]
    if tally.growth > MOST_GROWTH:
        complaints.append(f"memory grew to {tally.growth:.0%} of what it was when it had settled")
    for complaint in complaints:
        sys.stdout.write(f"\n{complaint[:LONGEST_COMPLAINT]}\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

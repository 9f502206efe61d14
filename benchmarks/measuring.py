"""Measuring: one scenario on several contenders in turn, who must all give the same data."""

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from .children import Cores, answer, asked, child
from .contenders import LOGS, Contender, Running
from .load import Plan, Seen
from .scenarios import Scenario

_SHOWN: Final = 500
_ANY_NUMBER: Final = sys.maxsize
_AN_HOUR: Final = 3600


@dataclass(frozen=True)
class Pace:
    """How long is measured: seconds to warm up and to measure, and how many times in turn."""

    warm_up: float
    seconds: float
    rounds: int


# Many short rounds: the speed of a shared machine changes from minute to minute.
THOROUGH: Final = Pace(warm_up=0.5, seconds=2, rounds=8)
QUICK: Final = Pace(warm_up=0.5, seconds=0.7, rounds=1)


@dataclass(frozen=True)
class Figures:
    """What one contender needed in one scenario: the median round, and the extremes of its CPU.

    Times in milliseconds, memory in MiB. `busy` is the share of its core that the contender
    used: where it is far from 1, `rate` says what the load, not the contender, could do.
    """

    scenario: str
    contender: str
    operations: int
    cpu: float
    least_cpu: float
    most_cpu: float
    rate: float
    p50: float
    p99: float
    requests: float
    memory: float
    peak_memory: float
    busy: float


class Disagreement(Exception):
    """Two contenders gave different data, or one changed its mind."""


def canonical(body: bytes) -> str:
    """An answer's data as text that is equal for equal data; Disagreement where it has errors."""
    said = json.loads(body)
    if said.get("errors") or said.get("data") is None:
        raise Disagreement(body[:_SHOWN].decode(errors="replace"))
    return json.dumps(said["data"], sort_keys=True)


def agreed(scenario: Scenario, running: Mapping[Contender, Running]) -> dict[Contender, int]:
    """The length of each contender's answer; Disagreement unless all hold the same data."""
    bodies = {
        contender: answer(there.url, "POST", scenario.body) for contender, there in running.items()
    }
    data = {contender: canonical(body) for contender, body in bodies.items()}
    first, *others = data
    for other in others:
        if data[other] != data[first]:
            raise Disagreement(f"{first.name} and {other.name} differ in {scenario.name}")
    return {contender: len(body) for contender, body in bodies.items()}


class Measuring:
    """A static upstream, and contenders in front of it."""

    def __init__(self, upstream: str, cores: Cores, pace: Pace) -> None:
        self._upstream = upstream
        self._cores = cores
        self._pace = pace

    def figures(self, scenario: Scenario, contenders: Sequence[Contender]) -> list[Figures]:
        """What each contender needs; rounds are taken in turn, so that noise meets all alike."""
        able = [contender for contender in contenders if scenario.mode in contender.modes]
        with self.ready(scenario, able) as running:
            lengths = agreed(scenario, running)
            rounds: dict[Contender, list[Seen]] = {contender: [] for contender in able}
            for _ in range(self._pace.rounds):
                for contender in able:
                    seen = self.seen(scenario, running[contender], lengths[contender])
                    rounds[contender].append(seen)
                    tell(".")
            tell(f" {scenario.title}\n")
        return [figures_of(scenario, contender, rounds[contender]) for contender in able]

    @contextmanager
    def ready(
        self, scenario: Scenario, contenders: Sequence[Contender]
    ) -> Iterator[dict[Contender, Running]]:
        """The contenders, running in the scenario's mode before an upstream as late as it says."""
        asked(f"{self._upstream}/_delay/{scenario.late:g}", "PUT")
        core = self._cores.server
        with ExitStack() as stack:
            yield {
                each: stack.enter_context(
                    each.running(
                        scenario.mode, self._upstream, core, f"{scenario.name}, {each.name}"
                    )
                )
                for each in contenders
            }

    def seen(
        self, scenario: Scenario, running: Running, length: int, operations: int = _ANY_NUMBER
    ) -> Seen:
        """One round for the pace's seconds; or over so many operations, without a warm-up."""
        timed = operations == _ANY_NUMBER
        plan = Plan(
            url=running.url,
            upstream=self._upstream,
            server=running.process_id,
            body=scenario.body,
            length=length,
            connections=scenario.connections,
            own_tokens=scenario.own_tokens,
            warm_up=self._pace.warm_up if timed else 0,
            seconds=self._pace.seconds if timed else _AN_HOUR,
            operations=operations,
        )
        seen = self._loaded(plan)
        if seen.strange:
            raise Disagreement(f"{seen.strange} answers of {scenario.name} differ: {seen.sample}")
        return seen

    def _loaded(self, plan: Plan) -> Seen:
        command = [sys.executable, "-m", "benchmarks.load"]
        log = LOGS / "load.txt"
        with child(command, self._cores.load, log) as process:
            printed, _ = process.communicate(json.dumps(asdict(plan)))
        if process.returncode:
            raise RuntimeError(f"the load failed: see {log}")
        return Seen(**json.loads(printed))


def figures_of(scenario: Scenario, contender: Contender, seen: Sequence[Seen]) -> Figures:
    """What rounds come to: the median of each figure."""

    def median(value: Callable[[Seen], float]) -> float:
        return statistics.median(map(value, seen))

    cpu = [1000 * each.cpu / each.operations for each in seen]
    operations = sum(each.operations for each in seen)
    return Figures(
        scenario=scenario.name,
        contender=contender.name,
        operations=operations,
        cpu=statistics.median(cpu),
        least_cpu=min(cpu),
        most_cpu=max(cpu),
        rate=median(lambda each: each.operations / each.seconds),
        p50=1000 * median(lambda each: each.p50),
        p99=1000 * median(lambda each: each.p99),
        requests=sum(each.requests for each in seen) / operations,
        memory=seen[-1].memory,
        peak_memory=max(each.peak_memory for each in seen),
        busy=median(lambda each: each.cpu / each.seconds),
    )


def tell(text: str) -> None:
    """Show how far it is, beside the report."""
    sys.stderr.write(text)
    sys.stderr.flush()

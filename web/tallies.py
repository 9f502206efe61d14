"""Tallies: what is counted by the series, at the price of a dictionary's look-up.

The library's own counters take four calls and a lock for each count, for threads that the facade
does not have; ten counts a request make that a noticeable part of it. These hold plain numbers,
and give them to the library when somebody looks: it has collectors for that.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import inf
from typing import TypeAlias

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

Labels: TypeAlias = tuple[str, ...]
"""The values of a series' labels, in the order of their names."""


class Counts(Collector):
    """A counter with labels. Belongs to one thread, as does a Distribution."""

    def __init__(self, name: str, sentence: str, names: Sequence[str]) -> None:
        """`names` are those of the labels."""
        self._about = name, sentence
        self._names = names
        self._counts: dict[Labels, float] = {}

    def add(self, labels: Labels, amount: float = 1) -> None:
        """Count so many."""
        self._counts[labels] = self._counts.get(labels, 0) + amount

    def collect(self) -> Iterator[Metric]:
        """The counts as they stand."""
        family = CounterMetricFamily(*self._about, labels=self._names)
        for labels, count in self._counts.items():
            family.add_metric(labels, count)
        yield family


class Distribution(Collector):
    """A histogram with labels: how many values are at most so large, and their sum."""

    def __init__(
        self, name: str, sentence: str, bounds: Sequence[float], names: Sequence[str]
    ) -> None:
        """`bounds` are the buckets' largest values, but for the last one, which has none."""
        self._about = name, sentence
        self._names = names
        self._bounds = bounds
        self._shown_bounds = [_shown(bound) for bound in (*bounds, inf)]
        self._counts: dict[Labels, list[int]] = {}
        self._sums: dict[Labels, float] = {}

    def observe(self, labels: Labels, value: float) -> None:
        """Count a value."""
        counts = self._counts.get(labels)
        if counts is None:
            counts = self._counts[labels] = [0] * len(self._shown_bounds)
            self._sums[labels] = 0.0
        counts[bisect_left(self._bounds, value)] += 1
        self._sums[labels] += value

    def collect(self) -> Iterator[Metric]:
        """The values as they stand, each bucket with all that are below it."""
        family = HistogramMetricFamily(*self._about, labels=self._names)
        for labels, counts in self._counts.items():
            buckets = list(zip(self._shown_bounds, accumulate(counts), strict=True))
            family.add_metric(labels, buckets, self._sums[labels])
        yield family


def _shown(bound: float) -> str:
    shown: str = floatToGoString(bound)  # type: ignore[no-untyped-call] # the library leaves it so
    return shown

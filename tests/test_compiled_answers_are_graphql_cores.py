"""Compiled answers are graphql-core's: data, order of keys, messages, paths, places and order.

COMPILED_EXAMPLES says how many examples are tried; 5,000 is a thorough run.
"""

import os
from typing import Any

import pytest
from graphql import parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import from_schema, nodes

from execution import Statistics, compiled_execution
from tests.compiled_operations import Example, Execution, difference, example_of, examples
from tests.compiled_worlds import schema

thorough = settings(
    max_examples=int(os.environ.get("COMPILED_EXAMPLES", "100")),
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)

# Where a field fails beside others that wait, graphql-core leaves coroutines behind unawaited.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def found(example: Example) -> tuple[str | None, Statistics]:
    """The first difference, and what the compiled path did."""
    executor_class: Any = compiled_execution(
        compile_after=example.compile_after,
        most_plans=example.most_plans,
        shaped=example.shaped,
    )
    return difference(example, executor_class), executor_class.statistics


@thorough
@given(examples())
def test_a_generated_operation_is_answered_alike_each_time(example: Example) -> None:
    assert found(example)[0] is None


@thorough
@given(
    from_schema(
        schema.as_str(),
        custom_scalars={"Code": st.sampled_from(["FR", "x"]).map(nodes.String)},
    ),
    st.lists(st.integers(0, 1_000_000), min_size=3, max_size=4),
)
def test_an_operation_of_hypothesis_graphql_is_answered_alike(
    source: str, worlds: list[int]
) -> None:
    parse(source)
    executions = [Execution(None, {}, world) for world in worlds]
    assert found(Example(source, executions))[0] is None


def test_the_generated_operations_do_run_through_plans() -> None:
    statistics = [found(example_of(number))[1] for number in range(1_000, 1_060)]
    with_plans = [each for each in statistics if each.runs > 0]
    giving_up = [each for each in statistics if each.fallbacks > 0]
    assert len(with_plans) > 40
    assert len(giving_up) > 10

"""An executor that is copied from a template is what graphql-core would have made."""

from typing import Any

import pytest
from graphql import parse
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import RefMap

from execution import compiled_execution
from schema import schema

DOCUMENT = parse(
    "query One($id: ID!) { album(id: $id) { ...Named } } fragment Named on Album { id }"
)
AWAITABLE: Any = callable


def shown(name: str, value: Any) -> Any:
    """What can be compared of an attribute."""
    if isinstance(value, RefMap):
        return dict(value.items())
    if isinstance(value, CollectedErrors):
        return value.errors
    if name == "variable_values":
        return value.coerced
    return value


@pytest.mark.parametrize("times", [1, 2, 3])
def test_each_attribute_is_as_it_would_be(times: int) -> None:
    executor_class = compiled_execution()
    for number in range(times):
        asked = (schema._schema, DOCUMENT, object(), object(), {"id": str(number)}, "One")
        made: Any = executor_class.start(*asked, is_awaitable=AWAITABLE)
        built: Any = executor_class.build(*asked, is_awaitable=AWAITABLE)
    assert type(made) is type(built)
    assert vars(made).keys() == vars(built).keys()
    for name, value in vars(built).items():
        assert type(vars(made)[name]) is type(value)
        assert shown(name, vars(made)[name]) == shown(name, value)


def test_two_share_nothing_that_either_writes_to() -> None:
    executor_class = compiled_execution()
    asked = (schema._schema, DOCUMENT, None, None, {"id": "1"}, "One")
    executors: Any = [executor_class.start(*asked) for _ in range(3)]
    for name, value in vars(executors[0]).items():
        if isinstance(value, list | set | dict | RefMap | CollectedErrors) and name != "fragments":
            assert len({id(vars(each)[name]) for each in executors}) == 3, name


def test_the_default_says_what_is_awaitable_where_nothing_else_does() -> None:
    executor_class = compiled_execution()
    asked = (schema._schema, DOCUMENT, None, None, {"id": "1"}, "One")
    made: Any = executor_class.start(*asked)
    built: Any = executor_class.build(*asked)
    assert made.is_awaitable is built.is_awaitable


def test_a_template_holds_nothing_of_an_execution() -> None:
    class Asked:
        """What somebody asked with."""

    executor_class = compiled_execution()
    asked: Any = (schema._schema, DOCUMENT, Asked(), Asked(), {"id": "1"}, "One")
    executor_class.start(*asked)
    assert executor_class.starts is not None
    start = executor_class.starts.of(schema._schema, DOCUMENT, "One")
    assert start is not None
    assert start.template is not None
    kept = start.template._common.values()
    assert not [each for each in kept if isinstance(each, Asked)]
    assert "variable_values" not in start.template._common

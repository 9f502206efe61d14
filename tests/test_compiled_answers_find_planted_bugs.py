"""The generator of compiled answers is strong: each of these planted bugs is found by it."""

import itertools
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

import execution
from tests.compiled_operations import Example, difference, examples

# Each is found within 700 examples, and most within thirty.
MOST_EXAMPLES = 1_000

# Where a field fails beside others that wait, graphql-core leaves coroutines behind unawaited.
pytestmark = [
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

# In the order in which they import each other. The marks and shapes stay the real ones: the worlds
# wear the ones, and the answers are known by the others.
MODULES = ("readings", "values", "calls", "source", "plans", "templates", "starts", "context")


class Bug:
    """Texts of one module, and what stands in their places."""

    def __init__(self, module: str, right: str, wrong: str, *more: str) -> None:
        self.module = module
        self.changes = list(zip((right, *more[::2]), (wrong, *more[1::2]), strict=True))

    def planted_in(self, source: str) -> str:
        """The source with the bug; every text must be there."""
        for right, wrong in self.changes:
            assert right in source, f"{right!r} is no longer in {self.module}"
            source = source.replace(right, wrong)
        return source


BUGS = {
    "null is let through where none may be": Bug(
        "source",
        'output_type = output_type.of_type\n            otherwise = ""',
        "output_type = output_type.of_type",
    ),
    "an integer's range is not looked at": Bug(
        "values", " is int and -1073741823 <= {1} <= 1073741823", " is int"
    ),
    "an integer's range ends one too late": Bug("values", "<= 1073741823", "<= 2147483648"),
    "infinities and NaN are let through": Bug(
        "values",
        " is float and -1.7976931348623157e+308 <= {1} <= 1.7976931348623157e+308",
        " is float",
    ),
    "a number is a Boolean": Bug("values", '"type({0}) is bool"', '"type({0}) in (bool, int)"'),
    "an enum is shown by its member's name": Bug(
        "values", "= enum_type.coerce_output_value(member)", "= member.name"
    ),
    "what a scalar makes of a value is not looked at": Bug(
        "values",
        "        if type(answer) is not str:\n            _refuse_what_is_no_value(answer)\n",
        "",
    ),
    "a scalar's serialize is not called": Bug(
        "values", "type({2} := {serialize}({1})) is str", "type({2} := {1}) is str"
    ),
    "a record's class is not looked at": Bug(
        "values", "if answer is not True and (not answer or is_awaitable(answer)):", "if False:"
    ),
    "any class is taken for settled": Bug(
        "values", "and is_settled_by_class(record_class)", "and True"
    ),
    "an awaitable is taken for a value": Bug("values", "or is_awaitable(value)", ""),
    "an exception is taken for a value": Bug("values", "or isinstance(value, Exception)", ""),
    "Undefined is taken for a value": Bug("values", "or value is Undefined", ""),
    "any iterable is a list": Bug(
        "source", "or type({value}) is tuple else", "or {value} is not None else"
    ),
    "a serialized list is taken for any leaves": Bug(
        "values", "takes_serialized = condition is _IS_STRING", "takes_serialized = True"
    ),
    "the places of other fields are not kept": Bug("source", 'value = "None"', "value = None"),
    "the keys of a shape are in an order of their own": Bug(
        "source", "shape_of(keys)", "shape_of(tuple(sorted(keys)))"
    ),
    "objects with as many keys have one shape": Bug(
        "source",
        "keys not in self._shapes and",
        "not any(len(keys) == len(each) for each in self._shapes) and",
        "return self._shapes.get(keys)",
        "return {len(each): name for each, name in self._shapes.items()}.get(len(keys))",
    ),
    "fields merged by their key lose all but the first": Bug(
        "source",
        "self._collect_subfields(object_type, details)",
        "self._collect_subfields(object_type, details[:1])",
    ),
    "keys are the names of fields": Bug(
        "source",
        "            key: completed\n",
        "            each[0].node.name.value: completed\n",
        "selection[key]",
        "list(selection.values())[0]",
    ),
    "places of arguments are counted after what is within": Bug(
        "source",
        "self._argument_place_taken(definition, node, reading)",
        "0 if self._written.argument_places else "
        "self._argument_place_taken(definition, node, reading)",
    ),
    "arguments of one execution are used for the next": Bug(
        "context", "known = self._arguments = {}", "known = type(self)._arguments = {}"
    ),
    "arguments that can't be coerced are left out": Bug(
        "context", "known[key] = None", "known[key] = [{} for _ in plan.argument_places]"
    ),
    "what steers a selection is not in the key": Bug(
        "plans",
        "values = self._steering_values(executor, operation.steering)",
        "values = ()",
    ),
    "variables of @include are not looked for": Bug(
        "plans",
        "{GraphQLSkipDirective.name, GraphQLIncludeDirective.name}",
        "{GraphQLSkipDirective.name}",
    ),
    "variables in fragments are not looked for": Bug(
        "plans", "selection_sets.append(fragment.selection_set)", "pass"
    ),
    "operations of one document share plans": Bug(
        "plans",
        "key = id(executor.operation)",
        "key = id(executor.schema)",
        "self.reference() is executor.operation\n            and ",
        "",
    ),
    "a plan is found by its fields' keys": Bug(
        "plans",
        "id(selection)",
        "hash(tuple(selection))",
        "id(each)",
        "hash(tuple(each))",
    ),
    "middleware is passed over": Bug(
        "context", "(middleware is None or not middleware.middlewares)", "True"
    ),
    "extensions of fields are passed over": Bug(
        "readings", "is StrawberryField.get_result and not field.extensions", "is not None"
    ),
    "every resolver is taken for pure": Bug("readings", "or not is_pure(", "or not callable("),
    "a variable may be null where none may be": Bug(
        "calls", "(nullable or value is not None)", "True"
    ),
    "a variable that is missing is left out": Bug("calls", "elif not nullable:", "elif False:"),
    "a default is left out": Bug(
        "calls", "            value = _default_of(argument)\n", "            continue\n"
    ),
    "arguments have the schema's names": Bug(
        "calls", "literals[names[name]] =", "literals[name] ="
    ),
    "arguments that graphql-core coerces have the schema's names": Bug(
        "calls", "{self.names[name]: value", "{name: value"
    ),
    "arguments of one execution stay for the next": Bug(
        "calls", "arguments = self.literals.copy()", "arguments = self.literals"
    ),
    "a literal of any type is coerced once, null too": Bug(
        "calls",
        "if type(value) not in _UNCHANGEABLE:",
        "if value is None:\n            value = 1\n        if False:",
    ),
    "what Strawberry changes is given as it is": Bug(
        "calls", "not _stays_as_it_is(argument, defined.type, converter)", "False"
    ),
    "the source is not given": Bug(
        "calls", "return self.function(source,", "return self.function(info,"
    ),
    "the source has no name": Bug(
        "calls", "arguments[keyword] = source", "arguments[keyword] = info"
    ),
    "extensions of what waits are passed over": Bug(
        "calls", "or not keeps_strawberrys_ways(field)", ""
    ),
    "what a resolver brings is not looked at": Bug(
        "context", "check.checked(record)", "check.classes"
    ),
    "what a resolver raises ends the operation": Bug(
        "context",
        "self.handle_field_error(error, return_type, field_details_list, path)",
        "raise",
    ),
    "arguments that can't be coerced end the operation": Bug(
        "context",
        "self.handle_field_error(error, plan.definition.type, field_details_list, path)",
        "raise",
    ),
    "a variable that must be given may be missing": Bug(
        "starts", "if not variable.may_be_left_out:", "if False:"
    ),
    "a variable that may not be null is null": Bug(
        "starts", "if not variable.may_be_null:", "if False:"
    ),
    "a variable that is wrong is as it is": Bug(
        "starts",
        "return None\n            if found is Undefined",
        "found = value\n            if found is Undefined",
    ),
    "a variable's default is not looked at": Bug(
        "starts", "nullable and variable.default_value is None", "nullable"
    ),
    "any operation of a document is the one that is meant": Bug(
        "starts", "key = id(document), name", "key = id(document), None"
    ),
    "errors are collected where those of an earlier execution are": Bug(
        "templates", "attributes[name] = kind()", "attributes[name] = self._common[name]"
    ),
    "what is asked with is what was asked with first": Bug(
        "templates",
        "attributes.update(asked_with)",
        "attributes.update({**asked_with, **self.__dict__.setdefault('first', asked_with)})",
        '"_common")',
        '"_common", "__dict__")',
    ),
    "what else has to be resolved is left out": Bug(
        "plans", "if plan is None or plan.others:", "if plan is None:"
    ),
    "what is promised of a class is believed of others": Bug(
        "source", '("exactly", exact)', '("exactly", check.classes)'
    ),
    "what is promised of one class is believed of all that are promised anything": Bug(
        "values",
        "for kind, each in promises.items() if each == promise",
        "for kind in promises",
    ),
    "null is believed where none may be": Bug(
        "source",
        "shows_unchanged(classes, nullable=nullable)",
        "shows_unchanged(classes, nullable=True)",
    ),
    "whatever is promised is shown as it is": Bug(
        "values", "return classes <= (", "return classes is not ("
    ),
    "what is promised of one attribute is believed of another": Bug(
        "source",
        "promise.get(reading.name, NOTHING_PROMISED)",
        'promise.get("title", NOTHING_PROMISED)',
    ),
    "what is made of an attribute is made of anything": Bug(
        "source", "<= derived.classes", "is not None"
    ),
    "a mutation is executed like a query": Bug(
        "plans", "or executor.operation.operation is not OperationType.QUERY", ""
    ),
    "what steers a selection is forgotten once it is known": Bug(
        "plans",
        "None if values is None else operation.variants.get(values)",
        "next(iter(operation.variants.values()), None)",
    ),
    "an error that comes up to the root is not told": Bug(
        "context", "self.collected_errors.add(error, None)", ""
    ),
    "a plan that gives up leaves its fields out": Bug(
        "context", "error.__traceback__ = None\n            return None", "return {}"
    ),
}


@contextmanager
def planted(bug: Bug | None) -> Iterator[types.ModuleType]:
    """A copy of the package in which one text is another."""
    name = f"execution_with_a_bug_{next(_counter)}"
    folder = Path(execution.__file__).parent
    package = types.ModuleType(name)
    package.__path__ = []
    sys.modules[name] = package
    sys.modules[f"{name}.marks"] = execution.marks
    sys.modules[f"{name}.shapes"] = execution.shapes
    try:
        for module_name in MODULES:
            source = (folder / f"{module_name}.py").read_text()
            if bug is not None and bug.module == module_name:
                source = bug.planted_in(source)
            _load(f"{name}.{module_name}", source)
        yield sys.modules[f"{name}.context"]
    finally:
        for module_name in [each for each in sys.modules if each.partition(".")[0] == name]:
            del sys.modules[module_name]


_counter = itertools.count()


def _load(name: str, source: str) -> None:
    spec = spec_from_loader(name, loader=None)
    assert spec is not None
    module = module_from_spec(spec)
    module.__package__ = name.rpartition(".")[0]
    sys.modules[name] = module
    exec(compile(source, name, "exec"), vars(module))  # noqa: S102 - our own source, changed


class FoundError(AssertionError):
    """The generator has found a difference."""


def search(context: Any) -> None:
    """Generate examples until one is answered otherwise; raises FoundError then."""

    @settings(
        max_examples=MOST_EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(examples())
    def every_answer_is_alike(example: Example) -> None:
        executor_class = context.compiled_execution(
            compile_after=example.compile_after,
            most_plans=example.most_plans,
            shaped=example.shaped,
        )
        found = difference(example, executor_class)
        if found is not None:
            raise FoundError(found)

    every_answer_is_alike()


@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS.keys())
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with planted(bug) as context, pytest.raises(FoundError):
        search(context)

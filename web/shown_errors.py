"""The errors in an answer: as callers see them, counted by code, and logged where they are ours."""

import logging
import traceback
from collections.abc import Sequence
from typing import Any, Final, cast

from graphql import GraphQLError, VariableDefinitionNode, print_ast

from . import answers
from .answers import Answer
from .request_errors import RequestError
from .request_records import RequestRecord
from .service import Presented
from .visits import Visit

logger: Final = logging.getLogger(__name__)


def shown(
    errors: Sequence[GraphQLError], record: RequestRecord, present: Presented, most: int
) -> list[dict[str, Any]]:
    """The errors as the caller sees them, the first few; all of their codes are noted."""
    presented = []
    for error in errors:
        public = present(error)
        if code_of(public) == "INTERNAL_SERVER_ERROR":
            log_internal(record.request_id, error.original_error or error)
        presented.append(public)
        _let_go(error)
    record.codes = tuple(dict.fromkeys((*record.codes, *map(code_of, presented))))
    return [_formatted(error) for error in presented[:most]]


def _let_go(error: BaseException | None) -> None:
    """Part an error, and what it came from, from the frames that it went through.

    They hold the executor, which holds the error: so all that the operation got would stay until
    the garbage collector comes.
    """
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        _let_go(error.__context__)
        original = error.original_error if isinstance(error, GraphQLError) else None
        error = original or error.__cause__


def not_executed(visit: Visit, errors: Sequence[RequestError]) -> Answer:
    """The answer to a request with these errors in its document, operation or variables."""
    visit.record.codes = tuple(dict.fromkeys(map(code_of, errors)))
    return answers.not_executed(visit.media_type, [_formatted(error) for error in errors])


def code_of(error: GraphQLError) -> str:
    """The code of an error."""
    return str((error.extensions or {}).get("code"))


def log_internal(request_id: str, error: BaseException) -> None:
    """Log where an exception came from; not what it says, which may hold a caller's values."""
    frames = "".join(traceback.format_tb(error.__traceback__)).rstrip()
    logger.error(
        "%s in request %s\n%s",
        type(error).__name__,
        request_id,
        frames,
        extra={"fields": {"request_id": request_id}},
    )


def variable_errors(errors: Sequence[GraphQLError]) -> list[RequestError]:
    """The errors of variables in words without their values, which graphql-core's repeat."""
    told: dict[str, RequestError] = {}
    for error in errors:
        definition = error.nodes[0] if error.nodes else None
        if isinstance(definition, VariableDefinitionNode):
            name = definition.variable.name.value
            sentence = f"The variable ${name} must be of type {print_ast(definition.type)}."
        else:
            name, sentence = "", "The variables do not fit the operation."
        if name not in told:
            told[name] = RequestError("BAD_USER_INPUT", sentence, at=error)
    return list(told.values())


def _formatted(error: GraphQLError) -> dict[str, Any]:
    return cast("dict[str, Any]", error.formatted)

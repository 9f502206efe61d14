"""The errors that callers see: from every exception to a code and a public sentence.

The one table of the facade. What an exception says itself is shown only where it was written for
the caller; everything else may hold what must not leave the house.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from graphql import GraphQLError, GraphQLSyntaxError, VariableNode

from resolvers.errors import BadUserInput
from upstream import errors


class Code(StrEnum):
    """What `extensions.code` can be."""

    BAD_USER_INPUT = "BAD_USER_INPUT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    UPSTREAM_TIMEOUT = "UPSTREAM_TIMEOUT"
    UPSTREAM_UNAVAILABLE = "UPSTREAM_UNAVAILABLE"
    UPSTREAM_BAD_RESPONSE = "UPSTREAM_BAD_RESPONSE"
    RATE_LIMITED = "RATE_LIMITED"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


TABLE: dict[type[Exception], tuple[Code, str]] = {
    errors.Unauthenticated: (
        Code.UNAUTHENTICATED,
        "There is no valid API token: send `Authorization: Bearer ...`, from createToken.",
    ),
    errors.WrongCredentials: (
        Code.UNAUTHENTICATED,
        "There is no user with this username and this password.",
    ),
    errors.Forbidden: (Code.FORBIDDEN, "This API token has no right to that."),
    errors.RateLimited: (Code.RATE_LIMITED, "The REST API was asked too often. Try later."),
    errors.Overloaded: (Code.RATE_LIMITED, "Too many requests wait already. Try later."),
    errors.TimedOut: (Code.UPSTREAM_TIMEOUT, "The REST API did not answer in time."),
    errors.Unavailable: (Code.UPSTREAM_UNAVAILABLE, "The REST API fails, or can't be reached."),
    errors.Dropped: (Code.UPSTREAM_UNAVAILABLE, "The REST API ended the connection."),
    errors.BreakerOpen: (
        Code.UPSTREAM_UNAVAILABLE,
        "The REST API failed too often just now; it is left alone for a moment.",
    ),
    errors.BadResponse: (
        Code.UPSTREAM_BAD_RESPONSE,
        "The REST API's answer is not what its documentation promises.",
    ),
    errors.BudgetSpent: (
        Code.QUERY_TOO_COMPLEX,
        "The bound that the request set on upstream requests is reached.",
    ),
    errors.UpstreamError: (Code.UPSTREAM_UNAVAILABLE, "The REST API failed."),
    GraphQLSyntaxError: (Code.GRAPHQL_PARSE_FAILED, ""),
}
"""For each exception its code and its sentence; "" shows the exception's own words."""

INTERNAL = (Code.INTERNAL_SERVER_ERROR, "Something went wrong in the facade itself.")


def presented(error: GraphQLError) -> GraphQLError:
    """An error as callers may see it: with a code, and nothing that is not for them.

    An error that has one of the codes already is taken to be written for callers.
    """
    code, sentence = _code_and_sentence(error)
    extensions: dict[str, Any] = dict(_known_extensions(error) or {})
    extensions["code"] = code.value
    original = error.original_error
    if isinstance(original, errors.UpstreamError):
        # It may stand in a record, which the garbage collector does not look at: a traceback
        # would keep the record, and all of the operation with it, for ever.
        original.__traceback__ = None
        if original.retry_after is not None:
            extensions["retryAfter"] = round(original.retry_after, 3)
    return GraphQLError(
        sentence or error.message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions=extensions,
    )


def _code_and_sentence(error: GraphQLError) -> tuple[Code, str]:
    known = _known_extensions(error)
    if known is not None:
        return Code(known["code"]), ""
    original = error.original_error or error
    if isinstance(original, BadUserInput):
        return Code.BAD_USER_INPUT, str(original)
    if isinstance(original, GraphQLError) and original.nodes:
        node = original.nodes[0]
        if isinstance(node, VariableNode):
            # Of all that graphql-core finds wrong while it executes, this alone is the caller's
            # mistake: with a default, a variable that may be null is valid where none must be.
            name = node.name.value
            return Code.BAD_USER_INPUT, f"The variable ${name} must not be null where it is used."
    for cls in type(original).__mro__:
        if cls in TABLE:
            return TABLE[cls]
    return INTERNAL


_CODES: Final = frozenset(Code)


def _known_extensions(error: GraphQLError) -> Mapping[str, Any] | None:
    """The extensions of an error that brings a code of ours, else None."""
    extensions = error.extensions
    return extensions if extensions and extensions.get("code") in _CODES else None

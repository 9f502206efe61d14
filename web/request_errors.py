"""Request errors: why a GraphQL request is answered without being executed.

The word is the GraphQL specification's (7.1.2, "Request errors"): such an answer has errors and
no data. Over HTTP it is 400 in `application/graphql-response+json` and 200 in `application/json`.
"""

from collections.abc import Mapping
from typing import Any, Final

from graphql import GraphQLError

MOST_PLACES: Final = 10
"""Of one error that are shown: each is found by counting lines from the start of the text."""


class RequestError(GraphQLError):
    """One reason, with a code in its extensions and a sentence written for the caller.

    `formatted` is what the answer shows. It holds no nodes: a kept one keeps no document alive.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        at: GraphQLError | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> None:
        """`at` is an error at the same place; `extensions` stand beside the code."""
        super().__init__(
            sentence,
            source=at.source if at else None,
            positions=list(at.positions or ())[:MOST_PLACES] if at else None,
            extensions={"code": code, **(extensions or {})},
        )


def too_complex(
    what: str, estimated: int, allowed: int, *, costliest: str | None = None
) -> RequestError:
    """The error of a request that holds, or costs, more than is allowed.

    `what` is the limit in words; `costliest` is the response path that weighs most.
    """
    sentence = f"This request is too complex: it has {estimated} {what}, {allowed} are allowed."
    measured: dict[str, Any] = {"what": what, "estimated": estimated, "allowed": allowed}
    if costliest is not None:
        measured["costliestPath"] = costliest
    return RequestError("QUERY_TOO_COMPLEX", sentence, extensions=measured)

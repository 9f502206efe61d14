"""Refusals: answers to HTTP requests that never become a GraphQL operation."""

from collections.abc import Sequence

Headers = list[tuple[bytes, bytes]]


class Refused(Exception):
    """The request is answered with an error and nothing is executed.

    The sentence is written for the caller and repeats nothing that came with the request.
    `status` is the HTTP status whatever media type is answered in.
    """

    def __init__(
        self, status: int, code: str, sentence: str, headers: Sequence[tuple[bytes, bytes]] = ()
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code
        self.sentence = sentence
        self.headers = list(headers)


def malformed(sentence: str) -> Refused:
    """The refusal of a request that is no GraphQL-over-HTTP request."""
    return Refused(400, "BAD_USER_INPUT", sentence)

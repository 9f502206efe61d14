"""Mutation: API tokens, created and revoked."""

import datetime as dt
from typing import Annotated, Any

import strawberry

from execution import pure
from resolvers import tokens
from resolvers.context import Info

from .federation import priced


@strawberry.input(description="A user's credentials.")
class CreateTokenInput:
    username: str = strawberry.field(description="The user's e-mail address.")
    password: str = strawberry.field(description="The user's password.")


@pure
def _created_at(root: Any) -> dt.datetime:
    return dt.datetime.fromtimestamp(root.created_at, dt.UTC)


@strawberry.type(description="A new API token.")
class CreateTokenPayload:
    access_token: str = strawberry.field(description="The token; keep it private.")
    token_type: str = strawberry.field(description="How to send it: as a bearer token.")
    created_at: dt.datetime = strawberry.field(
        resolver=_created_at, description="When it was made."
    )


@strawberry.input(description="Which API token to destroy.")
class RevokeTokenInput:
    token: str = strawberry.field(description="The token; it may be the request's own.")


@strawberry.type(description="What became of an API token.")
class RevokeTokenPayload:
    revoked: bool = strawberry.field(description="Whether it is dead.")


@strawberry.type(description="What changes something: API tokens.")
class Mutation:
    @strawberry.mutation(
        description="Trade a user's credentials for an API token "
        "(POST /oauth/token, grant_type=password).",
        graphql_type=CreateTokenPayload,
        directives=priced("Mutation.createToken"),
    )
    async def create_token(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's public name
            CreateTokenInput, strawberry.argument(description="A user's credentials.")
        ],
    ) -> Any:
        return await tokens.created_token(info, input.username, input.password)

    @strawberry.mutation(
        description="Destroy a token (POST /oauth/revoke); the request itself must carry a valid "
        "one.",
        directives=priced("Mutation.revokeToken"),
    )
    async def revoke_token(
        self,
        info: Info,
        input: Annotated[  # noqa: A002 - the argument's public name
            RevokeTokenInput, strawberry.argument(description="Which API token to destroy.")
        ],
    ) -> RevokeTokenPayload:
        return RevokeTokenPayload(revoked=await tokens.revoked_token(info, input.token))

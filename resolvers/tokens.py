"""API tokens: traded for credentials, and destroyed."""

from upstream import records
from upstream.decoding import sendable

from .context import Info
from .errors import BadUserInput


async def created_token(info: Info, username: str, password: str) -> records.AccessToken:
    """A new token for a user; raises WrongCredentials where there is none."""
    context = info.context
    return await context.upstream.create_token(context.caller, username, password)


async def revoked_token(info: Info, token: str) -> bool:
    """Destroy a token, with the caller's own; True once it is dead.

    Raises BadUserInput for what can be none: the REST API calls anything destroyed, and whoever
    gave a whole Authorization header would believe that its token is dead.
    """
    token = token.strip()
    if not token:
        raise BadUserInput("The token that is to be revoked is empty.")
    if any(map(str.isspace, token)):
        raise BadUserInput("A token has no spaces in it: give it alone, without `Bearer`.")
    if not sendable(token):
        raise BadUserInput("This is no token: it has characters that none can have.")
    context = info.context
    await context.upstream.revoke_token(context.caller, token)
    return True

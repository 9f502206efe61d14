"""The accounts that may log in, and what each has rights on."""

from dataclasses import dataclass
from typing import Final

from . import documented

PASSWORD: Final = "sandbox"  # noqa: S105 - printed at every start
LISTENER: Final = "listener@example.com"
PARTNER: Final = "partner@example.com"
# Valid from the start until they are revoked, beside whatever POST /oauth/token gives out.
LISTENER_TOKEN: Final = documented.FIRST_TOKEN
PARTNER_TOKEN: Final = documented.SECOND_TOKEN


@dataclass(frozen=True)
class Account:
    """A user of the API.

    `everything` gives rights on the whole catalogue; without it, only the rows marked as shared
    exist, and no track may be streamed (its stream URLs are null). Listenings are those of
    `station_id`; deliveries are there only where `deliveries` says so.
    """

    username: str
    password: str
    token: str
    station_id: int
    everything: bool
    deliveries: bool


ACCOUNTS: Final = (
    Account(LISTENER, PASSWORD, LISTENER_TOKEN, 1, everything=True, deliveries=True),
    Account(PARTNER, PASSWORD, PARTNER_TOKEN, 2, everything=False, deliveries=False),
)

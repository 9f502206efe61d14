"""The visits: requests while they are being answered."""

from dataclasses import dataclass, field

from upstream.caller import Caller
from upstream.keepsakes import Keepsakes

from .incoming import Body, Receive
from .refusals import Headers
from .request_records import RequestRecord


@dataclass(slots=True)
class Visit:
    """One request while it is being answered.

    `large` says that its answer will be. `key` names it and all that equal it, None where it goes
    alone; `keepsakes` is where its token's answers are, and `shares` whether it may have one that
    another of them gets.
    """

    method: str
    query_string: bytes
    headers: dict[bytes, bytes]
    receive: Receive
    body: Body
    media_type: bytes | None
    record: RequestRecord
    address: str
    caller: Caller = field(init=False)
    rate_headers: Headers = field(default_factory=list)
    large: bool = False
    key: str | None = None
    keepsakes: Keepsakes | None = None
    shares: bool = False

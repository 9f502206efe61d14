"""Labels: one by its ID, and a window of all."""

from upstream import records
from upstream.listing import Listing

from .connections import Connection, connection
from .context import Info
from .global_ids import number_in
from .listings import Arguments

LABELS = Listing("labels")


async def one_label(info: Info, identifier: str) -> records.Label | None:
    """The label that a global ID or a number names; None where there is none."""
    return await label_numbered(info, number_in(identifier, "Label"))


async def label_numbered(info: Info, number: int) -> records.Label | None:
    """The label with this number; None where there is none."""
    return info.context.unpack(await info.context.loaders.labels.load(number), info.path)


async def labels(info: Info, arguments: Arguments) -> Connection:
    """A window of all labels."""
    return await connection(info, LABELS, arguments)

"""Subscription: what is told as it happens."""

from typing import Any

import strawberry

from resolvers.context import Info
from resolvers.live import processed_deliveries

from .delivery import Delivery


@strawberry.type(description="What is told as it happens.")
class Subscription:
    @strawberry.subscription(
        description="Each delivery that is processed from now on, once.",
        graphql_type=Delivery,
    )
    async def delivery_processed(self: Any, info: Info) -> Any:
        # the root of a subscription is what it is fed by
        async for delivery in processed_deliveries(self, info):
            yield delivery

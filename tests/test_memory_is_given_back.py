"""What an operation held is given back when it is over, also where it failed."""

import gc

import sandbox
from resolvers.context import Context
from tests.facade import COLD, facade


def contexts() -> int:
    """The operations' contexts that are still in memory."""
    return sum(1 for each in gc.get_objects() if type(each) is Context)


async def test_operations_with_wrong_values_leave_nothing_behind() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(sandbox.Edit("icpn", 7), path="/api/v1/album*")
        gc.collect()
        before = contexts()
        for _ in range(30):
            answer = await here.ask("{ album(id: 273) { icpn title } albums { nodes { icpn } } }")
            assert set(answer.codes) == {"UPSTREAM_BAD_RESPONSE"}
        gc.collect()
        assert contexts() - before <= 1


async def test_operations_that_fail_leave_nothing_behind() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(sandbox.Status(500), path="/api/v1/album*")
        gc.collect()
        before = contexts()
        for _ in range(10):
            answer = await here.ask("{ a: album(id: 273) { title } b: album(id: 1) { title } }")
            assert len(answer.errors) == 2
        gc.collect()
        assert contexts() - before <= 1


async def test_errors_that_nobody_is_told_leave_nothing_behind_either() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, COLD) as here:
        upstream.orders.add(sandbox.Edit("title", 7), path="/api/v1/album*")
        upstream.orders.add(sandbox.Edit("genres", 7), path="/api/v1/album*")
        gc.collect()
        before = contexts()
        for _ in range(30):
            answer = await here.ask(
                "{ albums { nodes { title genres } edges { node { title genres } } } }"
            )
            assert answer.body["data"] is None
        gc.collect()
        assert contexts() - before <= 1

"""Real gateways in front of the facade and other subgraphs: Apollo's, and the deployment's Hive."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import sandbox
from resolvers.global_ids import global_id
from schema import schema
from tests.facade import Answer
from tests.node_programs import (
    GATEWAYS,
    HIVE,
    facade_served,
    free_port,
    installed,
    listening,
    serving,
)
from tests.test_gateways_compose_the_subgraph import composed, subgraph

FRAGMENTS = "Fragments \u2013 Acte II"
SECONDS_OF_A_REQUEST = 12.0
"""What deploy/gateway/gateway.config.js allows the facade for an answer."""
HIVE_COMMAND = "node_modules/@graphql-hive/gateway/dist/bin.js"


@dataclass(frozen=True)
class Graph:
    """A supergraph at a gateway, and the REST API behind the facade in it."""

    url: str
    upstream: sandbox.Running

    async def ask(
        self,
        query: str,
        variables: dict[str, Any] | None = None,
        token: str | None = sandbox.LISTENER_TOKEN,
    ) -> Answer:
        """The gateway's answer."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        body = {"query": query, "variables": variables or {}}
        async with (
            aiohttp.ClientSession() as client,
            client.post(self.url, json=body, headers=headers) as response,
        ):
            return Answer(response.status, response.headers, await response.json(content_type=None))


@contextmanager
def apollo(supergraph: Path) -> Iterator[str]:
    with serving(GATEWAYS, "apollo.js", str(supergraph)) as started:
        yield started["url"]


@contextmanager
def hive(supergraph: Path) -> Iterator[str]:
    port = free_port()
    command = (HIVE_COMMAND, "supergraph", "--config-path", "gateway.config.js")
    where = ("--host", "127.0.0.1", "--port", str(port))
    environment = {"SUPERGRAPH": str(supergraph), "LOG_LEVEL": "error"}
    with listening(HIVE, *command, *where, port=port, environment=environment) as url:
        yield f"{url}/graphql"


@pytest.fixture(scope="module")
def subgraphs() -> Iterator[tuple[sandbox.Running, list[dict[str, str]]]]:
    """The facade, reviews, charts and nodes, all running, and the REST API behind the facade."""
    installed(HIVE)
    with (
        facade_served({"ONEDTOUCH_LIVE_INTERVAL": "0.1"}) as here,
        serving(GATEWAYS, "subgraphs.js") as others,
    ):
        catalogue = subgraph("catalogue", schema.sdl_for_gateways, here.url)
        yield (
            here.upstream,
            [catalogue, *(subgraph(name, url=url) for name, url in others.items())],
        )


@pytest.fixture(scope="module", params=["apollo", "hive"])
def graph(
    request: pytest.FixtureRequest,
    subgraphs: tuple[sandbox.Running, list[dict[str, str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Graph]:
    """The subgraphs as one graph, behind a gateway that was asked once."""
    upstream, parts = subgraphs
    composer, gateway = {"apollo": ("apollo", apollo), "hive": ("guild", hive)}[request.param]
    supergraph = tmp_path_factory.mktemp("graph") / "supergraph.graphql"
    supergraph.write_text(composed(*parts)[composer]["supergraph"])
    with gateway(supergraph) as url:
        graph = Graph(url, upstream)
        # the facade learns which path one album is at
        asyncio.run(graph.ask("{ album(id: 1) { title reviews { stars } } }"))
        yield graph


@pytest.fixture(autouse=True)
def calm(graph: Graph) -> None:
    """A REST API that has forgotten what it was asked and ordered."""
    graph.upstream.orders.clear()
    graph.upstream.journal.clear()


async def test_albums_bring_their_reviews(graph: Graph) -> None:
    answer = await graph.ask(
        """{ album(id: "273") { title label { name } reviews { stars } place }
             albums(first: 2) { nodes { title reviews { text } } } }"""
    )
    assert answer.data == {
        "album": {
            "title": "Mahler: Symphonie No. 5",
            "label": {"name": "Les Indispensables de Diapason"},
            "reviews": [{"stars": 5}, {"stars": 4}],
            "place": 1,
        },
        "albums": {
            "nodes": [
                {
                    "title": "Neil Diamond's Christmas Classics",
                    "reviews": [{"text": "Out of season."}],
                },
                {"title": FRAGMENTS, "reviews": [{"text": "Fragments indeed."}]},
            ]
        },
    }
    assert sorted(graph.upstream.journal.targets) == [
        "/api/v1/album/273",
        "/api/v1/albums?page=1&per_page=2",
    ]


async def test_reviews_bring_their_albums_in_one_request_each(graph: Graph) -> None:
    answer = await graph.ask(
        "{ newestReviews { nodes { stars album { title tracks { title } } } } }"
    )
    titles = [review["album"]["title"] for review in answer.data["newestReviews"]["nodes"]]
    assert titles == [
        "Mahler: Symphonie No. 5",
        "Mahler: Symphonie No. 5",
        "Neil Diamond's Christmas Classics",
        FRAGMENTS,
    ]
    assert sorted(graph.upstream.journal.targets) == [
        "/api/v1/album/1",
        "/api/v1/album/2",
        "/api/v1/album/273",
    ]


async def test_an_album_by_both_its_keys_is_one_request(graph: Graph) -> None:
    graph.upstream.orders.add(sandbox.Latency(3000))
    answer = await graph.ask(
        "{ chart { place title reviews { stars } } newestReviews { nodes { album { title } } } }"
    )
    assert [album["title"] for album in answer.data["chart"]] == [
        "Mahler: Symphonie No. 5",
        FRAGMENTS,
        "Neil Diamond's Christmas Classics",
    ]
    assert [len(album["reviews"]) for album in answer.data["chart"]] == [2, 1, 1]
    # the gateway asks for the chart's albums and for the reviews' in two requests at one time
    assert sorted(graph.upstream.journal.targets) == [
        "/api/v1/album/1",
        "/api/v1/album/2",
        "/api/v1/album/273",
    ]


async def test_an_album_that_many_ask_for_at_once_is_one_request(graph: Graph) -> None:
    graph.upstream.orders.add(sandbox.Latency(3000))
    answers = await asyncio.gather(
        *(graph.ask("{ newestReviews(first: 1) { nodes { album { title } } } }") for _ in range(20))
    )
    assert {str(answer.data) for answer in answers} == {
        "{'newestReviews': {'nodes': [{'album': {'title': 'Mahler: Symphonie No. 5'}}]}}"
    }
    assert graph.upstream.journal.targets == ["/api/v1/album/273"]


async def test_the_node_field_finds_objects_of_every_subgraph(graph: Graph) -> None:
    answer = await graph.ask(
        """query ($album: ID!, $ids: [ID!]!) {
             node(id: $album) { __typename id ... on Album { title reviews { stars } } }
             nodes(ids: $ids) { ... on Artist { name } ... on Review { text } } }""",
        {
            "album": global_id("Album", 273),
            "ids": [global_id("Artist", 914), "UmV2aWV3OjItMA=="],
        },
    )
    assert answer.data == {
        "node": {
            "__typename": "Album",
            "id": "QWxidW06Mjcz",
            "title": "Mahler: Symphonie No. 5",
            "reviews": [{"stars": 5}, {"stars": 4}],
        },
        "nodes": [{"name": "Royal Concertgebouw Orchestra"}, {"text": "Fragments indeed."}],
    }


async def test_the_callers_token_is_carried_through(graph: Graph) -> None:
    graph.upstream.orders.add(sandbox.Latency(500))
    query = "{ listenings(first: 5) { nodes { databaseId } } }"
    ours, theirs = await asyncio.gather(
        graph.ask(query, token=sandbox.LISTENER_TOKEN),
        graph.ask(query, token=sandbox.PARTNER_TOKEN),
    )
    for answer, username in ((ours, sandbox.LISTENER), (theirs, sandbox.PARTNER)):
        numbers = [node["databaseId"] for node in answer.data["listenings"]["nodes"]]
        assert numbers == graph.upstream.numbers("listenings", username)[:5]
    assert ours.data != theirs.data
    users = {entry.user for entry in graph.upstream.journal.entries}
    assert users == {sandbox.LISTENER, sandbox.PARTNER}


async def test_without_a_token_only_the_facades_fields_fail(graph: Graph) -> None:
    answer = await graph.ask(
        "{ newestReviews(first: 1) { nodes { stars } } album(id: 1) { title } }", token=None
    )
    assert answer.body["data"] == {"newestReviews": {"nodes": [{"stars": 5}]}, "album": None}
    assert answer.codes == ["UNAUTHENTICATED"]


async def test_what_fails_upstream_leaves_the_rest_whole(graph: Graph) -> None:
    graph.upstream.orders.add(sandbox.Status(500), path="/api/v1/album/2")
    answer = await graph.ask("{ chart { place label { name } } }")
    assert [album["place"] for album in answer.body["data"]["chart"]] == [1, 2, 3]
    assert [album["label"] is None for album in answer.body["data"]["chart"]] == [
        False,
        True,
        False,
    ]
    assert answer.codes == ["UPSTREAM_UNAVAILABLE"]


@pytest.mark.parametrize("graph", ["hive"], indirect=True)  # Apollo's gateway has no prices
async def test_an_operation_has_its_price_at_the_gateway(graph: Graph) -> None:
    answer = await graph.ask("{ albums(first: 100) { nodes { label { name } } } }")
    # three requests, the connection, and a hundred albums and labels
    assert answer.body["extensions"]["cost"]["estimated"] == 3 + 1 + 100 + 100


@pytest.mark.parametrize("graph", ["apollo"], indirect=True)  # Hive answers without Cache-Control
async def test_an_answer_may_be_kept_by_its_caller_as_long_as_the_facade_says(
    graph: Graph,
) -> None:
    answer = await graph.ask("{ albums(first: 1) { nodes { title } } }")
    assert answer.headers["Cache-Control"] == "max-age=60, private"


@pytest.mark.parametrize("graph", ["hive"], indirect=True)  # Apollo's gateway has none
async def test_a_gateway_passes_subscriptions_on_for_longer_than_requests_may_take(
    graph: Graph,
) -> None:
    today = graph.upstream.database.today()
    todays = sandbox.listing("deliveries", since=today, until=today)
    query = "subscription { deliveryProcessed { databaseId album { title reviews { stars } } } }"
    headers = {
        "Authorization": f"Bearer {sandbox.LISTENER_TOKEN}",
        "Accept": "text/event-stream",
    }
    deliveries = "/api/v1/deliveries"
    journal = graph.upstream.journal
    async with (
        aiohttp.ClientSession() as client,
        client.post(graph.url, json={"query": query}, headers=headers) as events,
    ):
        for pause in (0.0, SECONDS_OF_A_REQUEST + 0.5):
            await asyncio.sleep(pause)
            journal.clear()
            await journal.until(lambda _: len(journal.matching(deliveries)) > 10, seconds=20)
            number = graph.upstream.database.insert(todays, 0)
            async with asyncio.timeout(20):
                line = b""
                while not line.startswith(b"data: {"):
                    line = await events.content.readline()
                    assert line, "the stream has ended"
            told = json.loads(line.removeprefix(b"data: "))["data"]["deliveryProcessed"]
            assert told["databaseId"] == number

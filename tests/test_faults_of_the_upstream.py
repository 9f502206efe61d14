"""The fault table: each way in which the REST API can fail, at each root field.

The caller gets the contract's code at the nearest nullable place, the rest whole, in time.
"""

import asyncio
import datetime as dt
from dataclasses import dataclass

import pytest

import sandbox
from resolvers.global_ids import global_id
from sandbox.effects import AnyEffect, Junk, JunkForm
from tests.facade import COLD, Facade, facade

HASTY = COLD | {
    "ONEDTOUCH_DEADLINE": "3",
    "ONEDTOUCH_UPSTREAM_REQUEST_TIMEOUT": "0.4",
    "ONEDTOUCH_UPSTREAM_MOST_BODY_BYTES": "4000000",
    "ONEDTOUCH_BREAKER_FAILURES": "1000000",
}
"""Short times, so that what hangs is soon over; no breaker, so that each fault is seen itself."""

LONGEST = 4.0
"""Seconds in which each answer must be there: the deadline and a moment."""


@dataclass(frozen=True)
class Root:
    """A root field, the REST path that it needs, and whether it may be null itself."""

    name: str
    selection: str
    path: str
    nullable: bool


ONE = [
    Root("album", "album(id: 273) { title }", "/api/v1/album*/273", nullable=True),
    Root("artist", "artist(id: 914) { name }", "/api/v1/artists/914", nullable=True),
    Root("label", "label(id: 212) { name }", "/api/v1/labels/212", nullable=True),
    Root("track", "track(id: 3272) { title }", "/api/v1/tracks/3272", nullable=True),
    Root(
        "node",
        f'node(id: "{global_id("Artist", 914)}") {{ id }}',
        "/api/v1/artists/914",
        nullable=True,
    ),
]
LISTS = [
    Root("albums", "albums(first: 3) { nodes { id title } }", "/api/v1/albums", nullable=False),
    Root("artists", "artists(first: 3) { nodes { id name } }", "/api/v1/artists", nullable=False),
    Root("labels", "labels(first: 3) { nodes { id name } }", "/api/v1/labels", nullable=False),
    Root(
        "listenings",
        "listenings(first: 3) { nodes { id threeSeconds } }",
        "/api/v1/listenings",
        nullable=False,
    ),
    Root(
        "deliveries",
        "deliveries(first: 3) { nodes { id type } }",
        "/api/v1/deliveries",
        nullable=False,
    ),
]

FAULTS: dict[str, tuple[AnyEffect, str]] = {
    "401": (sandbox.Status(401), "UNAUTHENTICATED"),
    "403": (sandbox.Status(403), "FORBIDDEN"),
    "429": (sandbox.Status(429), "RATE_LIMITED"),
    "429 for long": (sandbox.Status(429, retry_after=3600), "RATE_LIMITED"),
    "418": (sandbox.Status(418), "UPSTREAM_BAD_RESPONSE"),
    "204": (sandbox.Status(204, body=""), "UPSTREAM_BAD_RESPONSE"),
    "302": (sandbox.Status(302, location="http://127.0.0.1:1/"), "UPSTREAM_BAD_RESPONSE"),
    "500": (sandbox.Status(500), "UPSTREAM_UNAVAILABLE"),
    "502": (sandbox.Status(502), "UPSTREAM_UNAVAILABLE"),
    "503": (sandbox.Status(503), "UPSTREAM_UNAVAILABLE"),
    "504": (sandbox.Status(504), "UPSTREAM_TIMEOUT"),
    "reset": (sandbox.Reset(), "UPSTREAM_UNAVAILABLE"),
    "reset behind the head": (sandbox.Reset(after="headers"), "UPSTREAM_UNAVAILABLE"),
    "reset amid the body": (sandbox.Reset(after="half"), "UPSTREAM_UNAVAILABLE"),
    "hang": (sandbox.Hang(), "UPSTREAM_TIMEOUT"),
    "drip": (sandbox.Drip(), "UPSTREAM_TIMEOUT"),
    "cut": (sandbox.Cut(), "UPSTREAM_BAD_RESPONSE"),
    "cut, chunked": (sandbox.Cut(chunked=True), "UPSTREAM_BAD_RESPONSE"),
    "huge": (sandbox.Huge(6), "UPSTREAM_BAD_RESPONSE"),
    "bomb": (sandbox.Bomb(8), "UPSTREAM_BAD_RESPONSE"),
}

JUNK: tuple[JunkForm, ...] = (
    "text",
    "html",
    "empty",
    "utf8",
    "nan",
    "deep",
    "swapped",
    "string",
    "null",
    "digits",
)

FAULTS |= {form: (Junk(form), "UPSTREAM_BAD_RESPONSE") for form in JUNK}


async def asked(here: Facade, query: str) -> tuple[int, dict[str, object] | None, list[str]]:
    async with asyncio.timeout(LONGEST):
        answer = await here.ask(query)
    return answer.status, answer.body["data"], answer.codes


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_nulls_what_it_hits_and_leaves_the_rest_whole(fault: str) -> None:
    effect, code = FAULTS[fault]
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        for root in ONE:
            upstream.orders.clear()
            upstream.orders.add(effect, path=root.path)
            status, data, codes = await asked(
                here, f"{{ {root.selection} whole: artist(id: 544) {{ name }} }}"
            )
            assert (status, data, codes) == (
                200,
                {root.name: None, "whole": {"name": "1902"}},
                [code],
            ), root.name
        for root in LISTS:
            if (root.name, fault) == ("deliveries", "utf8"):
                continue  # the invalid text stands at a key that no delivery has
            upstream.orders.clear()
            upstream.orders.add(effect, path=root.path)
            status, data, codes = await asked(here, f"{{ {root.selection} }}")
            assert (data, codes) == (None, [code]), root.name


@pytest.mark.parametrize("root", ONE, ids=lambda root: root.name)
async def test_an_object_that_is_not_there_is_null_without_an_error(root: Root) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Status(404), path=root.path)
        assert await asked(here, f"{{ {root.selection} }}") == (200, {root.name: None}, [])


@pytest.mark.parametrize("root", LISTS, ids=lambda root: root.name)
async def test_a_list_that_is_not_there_is_a_bad_response(root: Root) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Status(404), path=root.path)
        _, data, codes = await asked(here, f"{{ {root.selection} }}")
        assert (data, codes) == (None, ["UPSTREAM_BAD_RESPONSE"])


async def test_refused_connections_are_told_and_forgotten_once_they_are_over() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        query = "{ artist(id: 544) { name } }"
        async with upstream.down():
            assert await asked(here, query) == (200, {"artist": None}, ["UPSTREAM_UNAVAILABLE"])
        assert await asked(here, query) == (200, {"artist": {"name": "1902"}}, [])


@pytest.mark.parametrize(
    "effect",
    [
        sandbox.Status(503),
        sandbox.Status(502),
        sandbox.Reset(),
        sandbox.Reset(after="headers"),
        sandbox.Reset(after="half"),
    ],
)
async def test_a_get_that_fails_in_passing_is_tried_again(effect: AnyEffect) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(effect, path="/api/v1/artists/544", times=2)
        assert await asked(here, "{ artist(id: 544) { name } }") == (
            200,
            {"artist": {"name": "1902"}},
            [],
        )
        assert len(upstream.journal) == 3


async def test_a_get_is_sent_three_times_at_most_and_a_post_once() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Status(503))
        await asked(here, "{ artist(id: 544) { name } }")
        assert len(upstream.journal) == 3
        upstream.journal.clear()
        _, data, codes = await asked(
            here,
            'mutation { createToken(input: {username: "a", password: "b"}) { tokenType } }',
        )
        assert (data, codes) == (None, ["UPSTREAM_UNAVAILABLE"])
        assert upstream.journal.targets == ["/oauth/token"]


async def test_wrong_credentials_are_unauthenticated() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        answer = await here.ask(
            "mutation ($input: CreateTokenInput!) { createToken(input: $input) { tokenType } }",
            {"input": {"username": sandbox.LISTENER, "password": "hunter2-canary"}},
            token=None,
        )
        assert (answer.body["data"], answer.codes) == (None, ["UNAUTHENTICATED"])
        assert "canary" not in str(answer.body)


@pytest.mark.parametrize(
    ("path", "value", "selection", "shown"),
    [
        ("icpn", 7, "icpn title", {"icpn": None, "title": "Mahler: Symphonie No. 5"}),
        ("released_at", "2014-02-30", "releasedAt", {"releasedAt": None}),
        ("released_at", "yesterday", "releasedAt", {"releasedAt": None}),
        ("cover.small_url", "ftp://x/y.jpg", "cover { smallUrl }", {"cover": {"smallUrl": None}}),
        ("cover.small_url", "javascript:1", "cover { smallUrl }", {"cover": {"smallUrl": None}}),
        ("cover", "none", "cover { smallUrl }", {"cover": None}),
        ("label", [1], "label { name }", {"label": None}),
        ("label.name", 7, "label { name }", {"label": None}),
        ("title", 7, "title", None),
        ("title", None, "title", None),
        ("genres", "Rock", "genres", None),
        ("artists[0].name", {}, "artists { name }", None),
        ("tracks[0].title", 7, "tracks { title }", None),
        ("tracks[0].duration", "long", "tracks { duration }", {"tracks": [{"duration": None}]}),
        (
            "tracks[0].duration",
            "long",
            "tracks { durationSeconds }",
            {"tracks": [{"durationSeconds": None}]},
        ),
        (
            "tracks[0].track_number",
            2**40,
            "tracks { trackNumber }",
            {"tracks": [{"trackNumber": None}]},
        ),
        ("tracks[0].explicit", "no", "tracks { explicit }", {"tracks": [{"explicit": None}]}),
        ("tracks[0].available_territories", [7], "tracks { availableTerritories }", None),
        ("tracks[0].available_territories", ["fr"], "tracks { availableTerritories }", None),
    ],
)
async def test_a_wrong_value_nulls_the_nearest_nullable_place(
    path: str, value: object, selection: str, shown: object
) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Edit(path, value), path="/api/v1/album/273")
        answer = await here.ask(f"{{ album(id: 273) {{ databaseId {selection} }} }}")
        expected = shown and {"databaseId": 273, **shown}  # type: ignore[dict-item] # a dict
        assert (answer.body["data"], answer.codes) == (
            {"album": expected},
            ["UPSTREAM_BAD_RESPONSE"],
        )
        unasked = await here.ask("{ album(id: 273) { databaseId } }")
        assert unasked.data == {"album": {"databaseId": 273}}


@pytest.mark.parametrize("key", ["icpn", "released_at", "cover", "label", "genres", "tracks"])
async def test_a_missing_optional_key_is_null_or_empty_and_never_fetched_again(key: str) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        await here.data("{ album(id: 1) { id } }")
        upstream.journal.clear()
        upstream.orders.add(sandbox.Edit(key, delete=True), path="/api/v1/album/273")
        data = await here.data(
            "{ album(id: 273) { title icpn releasedAt cover { smallUrl } label { name } genres "
            "tracks { id } } }"
        )
        name = {"released_at": "releasedAt"}.get(key, key)
        assert data["album"][name] == ([] if key in {"genres", "tracks"} else None)
        assert len(upstream.journal) == 1


async def test_an_unknown_delivery_type_is_null_and_said_to_be_wrong() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Edit("type", "vanished"), path="/api/v1/deliveries")
        answer = await here.ask("{ deliveries(first: 2) { nodes { type } } }")
        assert answer.body["data"] == {"deliveries": {"nodes": [{"type": None}, {"type": None}]}}
        assert answer.codes == ["UPSTREAM_BAD_RESPONSE"] * 2


@pytest.mark.parametrize(
    ("field", "selection"),
    [("deliveries", "title"), ("listenings", "icpn"), ("listenings", "databaseId")],
)
async def test_a_stub_without_a_number_is_null_in_its_own_place(field: str, selection: str) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Edit("album.id", "x"), path=f"/api/v1/{field}")
        answer = await here.ask(
            f"{{ {field}(first: 1) {{ nodes {{ __typename album {{ {selection} }} }} }} }}"
        )
        assert answer.body["data"][field]["nodes"][0]["album"] is None
        assert answer.codes == ["UPSTREAM_BAD_RESPONSE"]


async def test_an_object_that_is_another_than_the_one_asked_for_is_never_shown() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Edit("id", 915), path="/api/v1/artists/914")
        answer = await here.ask("{ artist(id: 914) { databaseId name } }")
        assert (answer.body["data"], answer.codes) == (
            {"artist": None},
            ["UPSTREAM_BAD_RESPONSE"],
        )


async def test_a_join_that_fails_is_null_in_its_own_row() -> None:
    # On one day: midnight would bring other rows than those that are read here first.
    async with (
        sandbox.running(today=dt.date(2024, 3, 1)) as upstream,
        facade(upstream.url, HASTY) as here,
    ):
        rows = upstream.rows("deliveries")[:10]
        wrong = rows[3]["album"]["id"]
        upstream.orders.add(sandbox.Status(500), path=f"/api/v1/album/{wrong}")
        answer = await here.ask(
            "{ deliveries(first: 10) { nodes { album { databaseId title } } } }"
        )
        nodes = answer.body["data"]["deliveries"]["nodes"]
        hit = [index for index, row in enumerate(rows) if row["album"]["id"] == wrong]
        assert [index for index, node in enumerate(nodes) if node["album"] is None] == hit
        assert [error["path"] for error in answer.errors] == [
            ["deliveries", "nodes", index, "album"] for index in hit
        ]
        assert set(answer.codes) == {"UPSTREAM_UNAVAILABLE"}


@pytest.mark.parametrize(
    "field",
    [
        "albums(first: 1, last: 1) { nodes { id } }",
        "albums(first: -1) { nodes { id } }",
        "albums(first: 501) { nodes { id } }",
        'albums(after: "x") { nodes { id } }',
        'albums(before: "QWxidW06Mjcz") { nodes { id } }',
        'listenings(since: "2015-01-26") { nodes { id } }',
        'listenings(until: "2015-01-26") { nodes { id } }',
        'deliveries(since: "2015-01-27", until: "2015-01-26") { nodes { id } }',
    ],
)
async def test_impossible_arguments_of_a_list_cost_no_request(field: str) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        _, data, codes = await asked(here, f"{{ {field} }}")
        assert (data, codes) == (None, ["BAD_USER_INPUT"])
        assert upstream.journal.targets == []


@pytest.mark.parametrize(
    "field",
    [
        'album(id: "x")',
        'album(id: "")',
        "album(id: -1)",
        'album(id: "2147483648")',
        f'album(id: "{global_id("Artist", 1)}")',
        'node(id: "273")',
        f'node(id: "{global_id("Listening", 1)}")',
        f'node(id: "{global_id("Nothing", 1)}")',
    ],
)
async def test_a_malformed_id_is_null_and_costs_no_request(field: str) -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        _, data, codes = await asked(here, f"{{ field: {field} {{ id }} }}")
        assert (data, codes) == ({"field": None}, ["BAD_USER_INPUT"])
        assert upstream.journal.targets == []


async def test_one_bad_id_among_many_is_null_in_its_own_place() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        upstream.orders.add(sandbox.Status(500), path="/api/v1/artists/544")
        answer = await here.ask(
            "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }",
            {
                "ids": [
                    global_id("Album", 273),
                    "junk",
                    global_id("Artist", 99999999),
                    global_id("Artist", 544),
                    global_id("Track", 3272),
                ]
            },
        )
        assert answer.body["data"] == {
            "nodes": [
                {"id": global_id("Album", 273)},
                None,
                None,
                None,
                {"id": global_id("Track", 3272)},
            ]
        }
        assert [(error["path"], error["extensions"]["code"]) for error in answer.errors] == [
            (["nodes", 1], "BAD_USER_INPUT"),
            (["nodes", 3], "UPSTREAM_UNAVAILABLE"),
        ]


async def test_a_page_without_a_single_row_in_it_says_nothing_of_where_its_list_ends() -> None:
    async with sandbox.running() as upstream, facade(upstream.url, HASTY) as here:
        first = await here.data("{ albums(first: 7) { pageInfo { endCursor } } }")
        after = first["albums"]["pageInfo"]["endCursor"]
        upstream.orders.add(sandbox.Junk("list"), path="/api/v1/albums")
        answer = await here.ask(
            "query ($after: String) { albums(first: 7, after: $after) { nodes { id } } }",
            {"after": after},
        )
        assert (answer.body["data"], answer.codes) == (None, ["UPSTREAM_BAD_RESPONSE"])

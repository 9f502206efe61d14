"""The contract's table of request counts, row by row, read from the sandbox's journal."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

import sandbox
from resolvers.arrivals import Arrivals
from resolvers.global_ids import global_id
from resolvers.loaders import Loaders
from tests.facade import Facade, facade
from tests.upstream_asked import caller, client, scripted
from upstream.listing import Listing

TODAY = dt.date(2024, 3, 1)
"""The sandbox's: what is read of it first is what an operation finds, at midnight as well."""

EVERY_FIELD_OF_AN_ALBUM = """
    id databaseId icpn title genres releasedAt cover { smallUrl mediumUrl largeUrl }
    artists { id databaseId name } label { id databaseId name }
    tracks { id databaseId isrc title duration durationSeconds genres discNumber trackNumber
        explicit highBitrateUrl lowBitrateUrl streamable availableTerritories
        availableIn(territory: "FR") cover { smallUrl } }
"""


@asynccontextmanager
async def both() -> AsyncIterator[tuple[sandbox.Running, Facade]]:
    """A sandbox and a facade that has learned which path one album is at."""
    async with sandbox.running(today=TODAY) as upstream, facade(upstream.url) as here:
        await here.data("{ album(id: 1) { id } }")
        upstream.journal.clear()
        yield upstream, here


def tracks_by_album(upstream: sandbox.Running) -> dict[int, set[int]]:
    """The numbers of the tracks that each album shows, by its own."""
    return {
        album["id"]: {track["id"] for track in album["tracks"]} for album in upstream.rows("albums")
    }


@pytest.mark.parametrize("count", [1, 25, 100])
async def test_an_album_list_with_everything_in_it_is_one_request(count: int) -> None:
    async with both() as (upstream, here):
        data = await here.data(
            f"{{ albums(first: {count}) {{ nodes {{ {EVERY_FIELD_OF_AN_ALBUM} }} }} }}"
        )
        assert len(data["albums"]["nodes"]) == count
        assert upstream.journal.targets == [f"/api/v1/albums?page=1&per_page={count}"]


@pytest.mark.parametrize(
    ("field", "rows", "most"),
    [
        ("albums(first: 500)", 500, 6),
        ("albums(first: 101)", 101, 3),
        ("artists(first: 250)", 250, 4),
        ("labels(first: 100)", 100, 6),
        ("labels(first: 30)", 30, 4),
    ],
)
async def test_a_window_costs_the_pages_that_it_lies_on_and_one_or_two_more(
    field: str, rows: int, most: int
) -> None:
    async with both() as (upstream, here):
        data = await here.data(f"{{ window: {field} {{ nodes {{ id }} }} }}")
        assert len(data["window"]["nodes"]) == rows
        assert len(upstream.journal) <= most


async def test_the_last_rows_cost_one_request_more_to_find_the_end() -> None:
    async with both() as (upstream, here):
        await here.data("{ albums(last: 25) { nodes { id } } }")
        assert len(upstream.journal) <= 3


async def test_a_count_costs_nothing_where_it_is_not_selected_and_one_request_where_it_is() -> None:
    async with both() as (upstream, here):
        await here.data("{ albums(first: 25) { nodes { id } } }")
        assert len(upstream.journal) == 1
        upstream.journal.clear()
        data = await here.data("{ albums(first: 25) { totalCount nodes { id } } }")
        assert data["albums"]["totalCount"] == len(upstream.rows("albums"))
        assert len(upstream.journal) <= 2


async def test_the_same_object_is_asked_for_once_in_an_operation() -> None:
    async with both() as (upstream, here):
        data = await here.data(
            f"""{{ a: album(id: 273) {{ title }} b: album(id: "QWxidW06Mjcz") {{ title }}
                node(id: "QWxidW06Mjcz") {{ id }}
                nodes(ids: ["QWxidW06Mjcz", "QWxidW06Mjcz"]) {{ id }}
                _entities(representations: [{{__typename: "Album", id: "QWxidW06Mjcz"}},
                    {{__typename: "Album", databaseId: 273}}]) {{ ... on Album {{ title }} }}
                track(id: 3272) {{ title }} again: track(id: "{global_id("Track", 3272)}") {{ id }}
            }}"""
        )
        assert data["a"] == data["b"] == {"title": "Mahler: Symphonie No. 5"}
        assert sorted(upstream.journal.targets) == ["/api/v1/album/273", "/api/v1/tracks/3272"]


async def test_what_a_list_of_the_operation_brings_is_not_asked_for_again() -> None:
    async with both() as (upstream, here):
        album = upstream.rows("albums")[3]
        track, artist = album["tracks"][0], album["artists"][0]
        label = next(row["label"] for row in upstream.rows("albums")[:25] if row["label"])
        data = await here.data(
            f"""{{ node(id: "{global_id("Album", album["id"])}") {{ ... on Album {{ title }} }}
                album(id: {album["id"]}) {{ title }} track(id: {track["id"]}) {{ title }}
                artist(id: {artist["id"]}) {{ name }} label(id: {label["id"]}) {{ name }}
                albums(first: 25) {{ nodes {{ id }} }} }}"""
        )
        assert data["node"] == data["album"] == {"title": album["title"]}
        assert data["track"] == {"title": track["title"]}
        assert data["artist"] == {"name": artist["name"]}
        assert data["label"] == {"name": label["name"]}
        assert upstream.journal.targets == ["/api/v1/albums?page=1&per_page=25"]


async def test_a_track_is_asked_for_where_its_own_cover_is_selected() -> None:
    async with both() as (upstream, here):
        track = upstream.rows("albums")[3]["tracks"][0]
        await here.data(
            f"""{{ track(id: {track["id"]}) {{ title cover {{ smallUrl }} }}
                albums(first: 25) {{ nodes {{ id }} }} }}"""
        )
        assert sorted(upstream.journal.targets) == [
            "/api/v1/albums?page=1&per_page=25",
            f"/api/v1/tracks/{track['id']}",
        ]


async def test_a_track_is_asked_for_once_though_only_one_of_two_fields_waits_for_a_list() -> None:
    answered: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        path = str(request.rel_url)
        if "albums" in path:
            while not any("tracks" in each for each in answered):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        answered.append(path)
        track = {"id": 1, "title": "One", "cover": {"small_url": "http://covers/1"}}
        return web.json_response(track if "tracks" in path else [])

    async with scripted(answer) as api, facade(api.url) as here:
        data = await here.data(
            """{ albums(first: 1) { nodes { title } } title: track(id: 1) { title }
                cover: track(id: 1) { cover { smallUrl } } }"""
        )
        assert data["title"] == {"title": "One"}
        assert data["cover"] == {"cover": {"smallUrl": "http://covers/1"}}
        assert sorted(answered) == ["/api/v1/albums?page=1&per_page=1", "/api/v1/tracks/1"]


@pytest.mark.parametrize(
    ("selected", "fragment", "requests"),
    [
        ("... on Track { title } ... on Album { cover { smallUrl } }", "", 0),
        ("...C", "fragment C on Album { cover { smallUrl } }", 0),
        ("... on Track { cover { smallUrl } }", "", 1),
        ("... on Node { id ...C }", "fragment C on Track { cover { smallUrl } }", 1),
    ],
)
async def test_by_id_alone_it_is_only_a_tracks_own_cover_for_which_it_requests(
    selected: str, fragment: str, requests: int
) -> None:
    async with both() as (upstream, here):
        track = upstream.rows("albums")[3]["tracks"][0]["id"]
        by_id = f'node(id: "{global_id("Track", track)}") {{ __typename {selected} }}'
        await here.data(f"{{ albums {{ nodes {{ id }} }} {by_id} }} {fragment}")
        assert len(upstream.journal.matching("/api/v1/tracks/*")) == requests


async def test_stubs_cost_nothing_where_only_their_own_fields_are_selected() -> None:
    async with both() as (upstream, here):
        await here.data(
            """{ listenings(first: 100) { nodes { trackIsrc track { __typename id databaseId isrc }
                album { __typename id databaseId title } label { id databaseId name }
                artists { id databaseId name } distributor { name }
                user { name station { name } } } } }"""
        )
        await here.data("{ deliveries(first: 20) { nodes { type album { id databaseId } } } }")
        assert len(upstream.journal.matching("/api/v1/listenings")) == len(upstream.journal) - 1
        assert len(upstream.journal.matching("/api/v1/deliveries")) == 1


async def test_skipped_fields_of_a_stub_cost_nothing() -> None:
    async with both() as (upstream, here):
        await here.ask(
            """query ($no: Boolean!) { listenings(first: 25) { nodes {
                album { id ...More @include(if: $no) releasedAt @include(if: $no) } } } }
               fragment More on Album { icpn }""",
            {"no": False},
        )
        assert [entry.path for entry in upstream.journal.entries] == ["/api/v1/listenings"]


async def test_the_albums_of_a_list_are_asked_for_once_each() -> None:
    async with both() as (upstream, here):
        rows = upstream.rows("deliveries")[:25]
        await here.data("{ deliveries(first: 25) { nodes { album { title releasedAt } } } }")
        albums = {row["album"]["id"] for row in rows}
        assert len(upstream.journal.matching("/api/v1/album/*")) == len(albums)
        assert len(upstream.journal) == len(albums) + 1


async def test_tracks_cost_nothing_where_their_albums_are_fetched_anyway() -> None:
    async with both() as (upstream, here):
        on_album = tracks_by_album(upstream)
        # a day on which a track was played that its album does not show
        for day in (TODAY - dt.timedelta(days=passed) for passed in range(1, 60)):
            rows = upstream.rows("listenings", since=day, until=day)[:50]
            albums = {row["album"]["id"] for row in rows}
            brought = set().union(*(on_album.get(album, set()) for album in albums))
            elsewhere = {row["track_id"] for row in rows} - brought
            if elsewhere:
                break
        assert elsewhere
        data = await here.data(
            "query ($day: Date) { listenings(since: $day, until: $day, first: 50) { nodes { "
            "databaseId album { releasedAt } track { databaseId title duration } } } }",
            {"day": day.isoformat()},
        )
        nodes = data["listenings"]["nodes"]
        assert [node["track"]["databaseId"] for node in nodes] == [row["track_id"] for row in rows]
        assert len(upstream.journal.matching("/api/v1/album/*")) == len(albums)
        assert len(upstream.journal.matching("/api/v1/tracks/*")) == len(elsewhere)
        assert len(upstream.journal) == 1 + len(albums) + len(elsewhere)


async def test_the_same_request_of_fifty_callers_with_one_token_is_sent_once() -> None:
    async with both() as (upstream, here):
        upstream.orders.add(sandbox.Latency(100))
        answers = await asyncio.gather(
            *(here.data("{ albums(first: 10) { nodes { id } } }") for _ in range(50))
        )
        assert len(upstream.journal) == 1
        assert all(answer == answers[0] for answer in answers)


async def test_an_album_by_id_costs_one_request_and_two_until_its_path_is_known() -> None:
    async with (
        sandbox.running(album_path="plural") as upstream,
        facade(upstream.url) as here,
    ):
        first = await here.data("{ album(id: 273) { title } }")
        before = len(upstream.journal)
        second = await here.data("{ album(id: 273) { title } }")
        missing = await here.data("{ album(id: 99999999) { title } }")
        assert first == second == {"album": {"title": "Mahler: Symphonie No. 5"}}
        assert missing == {"album": None}
        assert before <= 2
        assert upstream.journal.targets[before:] == [
            "/api/v1/albums/273",
            "/api/v1/albums/99999999",
        ]


async def test_an_id_that_the_caller_supplied_is_always_checked() -> None:
    async with both() as (upstream, here):
        data = await here.data(
            f"""{{ a: album(id: 273) {{ id }} b: album(id: 99999999) {{ id }}
                node(id: "{global_id("Artist", 99999999)}") {{ id }} }}"""
        )
        assert data == {"a": {"id": "QWxidW06Mjcz"}, "b": None, "node": None}
        assert len(upstream.journal) == 3


async def test_a_page_may_be_asked_for_again_and_again() -> None:
    async with sandbox.running() as api, client(api.url) as upstream:
        loaders = Loaders(upstream, caller(), Arrivals(), scans=False)
        for _ in range(3):
            await loaders.page_again((Listing("labels"), 1, 25))
        assert len(api.journal) == 3


async def test_two_tracks_of_an_album_in_a_report_cost_that_one_album() -> None:
    async with both() as (upstream, here):
        on_album = tracks_by_album(upstream)
        # a page on which some album has just two tracks
        for day in (TODAY - dt.timedelta(days=passed) for passed in range(1, 60)):
            rows = upstream.rows("listenings", since=day, until=day)[:25]
            played: dict[int, set[int]] = {}
            for row in rows:
                played.setdefault(row["album"]["id"], set()).add(row["track_id"])
            pairs = {album for album, tracks in played.items() if len(tracks) == 2}
            if pairs and all(played[album] <= on_album.get(album, set()) for album in pairs):
                break
        assert pairs
        await here.data(
            "query ($day: Date) { listenings(since: $day, until: $day, first: 25) { nodes { "
            "track { title } } } }",
            {"day": day.isoformat()},
        )
        paths = {entry.path for entry in upstream.journal.entries}
        assert {f"/api/v1/album/{album}" for album in pairs} <= paths
        tracks = set().union(*(played[album] for album in pairs))
        assert not {f"/api/v1/tracks/{track}" for track in tracks} & paths


async def test_a_report_brings_its_artists_and_labels_to_who_asks_for_them_by_id() -> None:
    async with both() as (upstream, here):
        rows = upstream.rows("listenings")[:25]
        artist = next(row["artists"][0] for row in rows if row["artists"])
        label = next(row["label"] for row in rows if row["label"])
        data = await here.data(
            f"{{ listenings {{ nodes {{ databaseId }} }} artist(id: {artist['id']}) {{ name }} "
            f"label(id: {label['id']}) {{ name }} }}"
        )
        assert data["artist"] == {"name": artist["name"]}
        assert data["label"] == {"name": label["name"]}
        assert [entry.path for entry in upstream.journal.entries] == ["/api/v1/listenings"]

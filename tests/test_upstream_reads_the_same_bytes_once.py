"""What comes again byte for byte, for whichever token, is not decoded again."""

import json
from typing import Any

import pytest
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

import sandbox
from tests.upstream_asked import COLD, caller, client, scripted
from upstream import decoding, questions, records
from upstream.errors import BadResponse, Unauthenticated
from upstream.listing import Listing
from upstream.readings import Readings
from upstream.territories import LISTS
from upstream.transport import Answer

MIB = 1024 * 1024
ALBUM = questions.album(273)
ALBUMS = questions.page(Listing("albums"), 1, 25)


def album(number: int = 273, **changes: Any) -> dict[str, Any]:
    track = {"id": 1, "title": "A", "isrc": "B", "available_territories": ["FR"] * 300}
    return {
        "id": number,
        "title": "C",
        "genres": ["D" * 1_500],
        "artists": [],
        "tracks": [track],
        **changes,
    }


@pytest.fixture(autouse=True)
def _known_lists() -> None:
    """The territory list of these albums was met before."""
    decoding.one(answer(album()).body, records.Album, 273)


def answer(value: Any, **headers: str) -> Answer:
    fields = CIMultiDictProxy(CIMultiDict(headers))
    return Answer(200, fields, LISTS.folded(json.dumps(value).encode()))


def test_equal_bytes_are_the_same_record() -> None:
    readings = Readings(MIB)
    first = readings.read(ALBUM, answer(album()))
    assert readings.read(ALBUM, answer(album())) is first
    assert first.value is not None
    assert first.value.title == "C"


def test_where_a_territory_list_is_new_the_second_time_is_read_as_well() -> None:
    readings = Readings(MIB)
    new = album(tracks=[{**album()["tracks"][0], "available_territories": ["XX"] * 300}])
    first, second, third = (readings.read(ALBUM, answer(new)) for _ in range(3))
    assert first == second
    assert third is second


def test_what_has_come_twice_is_familiar() -> None:
    readings = Readings(MIB)
    came = [answer(album()) for _ in range(2)]
    assert readings.familiar(ALBUM) is None
    first = readings.read(ALBUM, came[0])
    assert readings.familiar(ALBUM) is None
    readings.read(ALBUM, came[1])
    familiar = readings.familiar(ALBUM)
    assert familiar is not None
    assert familiar.text == json.dumps(album()).encode()
    assert readings.bytes == len(familiar.text) + len(came[0].body.text)
    again = Answer(200, came[0].headers, familiar)
    assert readings.read(ALBUM, again) is first
    # Should it be forgotten before it is read, it still says the same.
    assert ALBUM.read(again).value == first.value
    # Another Link beside the same bytes is another page.
    assert readings.read(ALBUM, answer(album(), Link="<http://h/a?page=2>")) is not first


def test_what_is_kept_does_not_keep_the_lists_of_its_time() -> None:
    readings = Readings(MIB)
    for _ in range(2):
        readings.read(ALBUM, answer(album()))
    familiar = readings.familiar(ALBUM)
    assert familiar is not None
    assert familiar._generation is not answer(album()).body._generation
    assert not familiar._generation.lists


def test_what_would_not_fit_as_it_came_is_kept_as_it_was_folded() -> None:
    readings = Readings(len(answer(album()).body.text) + 10)
    first, second, third = (readings.read(ALBUM, answer(album())) for _ in range(3))
    assert first is second is third
    assert readings.familiar(ALBUM) is None


def test_other_bytes_are_read_anew() -> None:
    readings = Readings(MIB)
    for title in ("C", "D", "E", "C"):
        found = readings.read(ALBUM, answer(album(title=title))).value
        assert found is not None
        assert found.title == title


def test_equal_rows_on_other_pages_are_other_pages() -> None:
    readings = Readings(MIB)
    first = readings.read(ALBUMS, answer([album()], Link='<http://h/a?page=2>; rel="next"'))
    last = readings.read(ALBUMS, answer([album()]))
    other = readings.read(questions.page(Listing("albums"), 2, 25), answer([album()]))
    assert first.value.links is not None
    assert first.value.links.next is not None
    assert last.value.links != first.value.links
    assert other is not last


def test_nobody_gets_an_object_that_was_not_asked_for() -> None:
    readings = Readings(MIB)
    readings.read(ALBUM, answer(album()))
    for _ in range(2):
        with pytest.raises(BadResponse):
            readings.read(questions.album(274), answer(album()))


def test_what_is_wrong_is_read_anew_each_time() -> None:
    readings = Readings(MIB)
    wrong = [readings.read(ALBUM, answer(album(title=5))).value for _ in range(2)]
    assert wrong[0] is not wrong[1]
    assert readings.bytes == 0


def test_what_is_somebodys_own_is_never_kept() -> None:
    readings = Readings(MIB)
    marks = ("three_seconds", "thirty_seconds", "fifty_percents", "ninety_five_percents")
    heard = {"id": 1, "track_isrc": "A" * 2_000, **dict.fromkeys(marks, True)}
    for collection in ("listenings", "deliveries"):
        own = questions.page(Listing(collection), 1, 25)
        assert readings.read(own, answer([heard])).wrong == frozenset()
        assert readings.bytes == 0


def test_what_was_used_last_is_kept_within_the_bound() -> None:
    size = len(answer(album()).body.text)
    readings = Readings(2 * size)

    def read(number: int) -> Any:
        return readings.read(questions.album(number), answer(album(number))).value

    one, two = read(101), read(102)
    assert read(101) is one
    read(103)
    assert readings.bytes == 2 * size
    assert read(101) is one
    assert read(102) is not two


def test_with_no_room_everything_is_read_anew() -> None:
    readings = Readings(0)
    assert readings.read(ALBUM, answer(album())) is not readings.read(ALBUM, answer(album()))
    assert readings.bytes == 0


async def test_each_token_asks_for_itself_and_shares_the_record_alone() -> None:
    tokens: list[str | None] = []

    async def answering(request: web.BaseRequest) -> web.StreamResponse:
        tokens.append(request.headers.get("Authorization"))
        if "stranger" in (tokens[-1] or ""):
            return web.json_response({}, status=401)
        return web.json_response(album())

    async with scripted(answering) as api, client(api.url, **COLD) as upstream:
        one = (await upstream.album(caller("one"), 273)).value
        two = (await upstream.album(caller("two"), 273)).value
        assert one is two
        assert tokens == ["Bearer one", "Bearer two"]
        with pytest.raises(Unauthenticated):
            await upstream.album(caller("stranger"), 273)


async def test_what_is_familiar_is_told_from_what_has_changed_since() -> None:
    titles = iter([*"AAAA", "B", "AA", "AB", *"AAA"])
    sent: list[str] = []

    async def answering(_: web.BaseRequest) -> web.StreamResponse:
        sent.append(next(titles))
        return web.json_response(album(title=sent[-1] * 100_000))

    async with scripted(answering) as api, client(api.url, **COLD) as upstream:
        found = [(await upstream.album(caller(f"{n}"), 273)).value for n in range(10)]
    assert [each.title for each in found if each] == [title * 100_000 for title in sent]
    assert found[0] is found[1] is found[2] is found[3]


async def test_tokens_that_see_different_rows_get_their_own() -> None:
    async with sandbox.running() as api, client(api.url, **COLD) as upstream:
        for _ in range(2):
            for token, account in (
                (sandbox.LISTENER_TOKEN, sandbox.LISTENER),
                (sandbox.PARTNER_TOKEN, sandbox.PARTNER),
            ):
                page = (await upstream.page(caller(token), Listing("albums"), 1, 25)).value
                assert [row.database_id for row in page.rows] == [
                    row["id"] for row in api.rows("albums", account)[:25]
                ]

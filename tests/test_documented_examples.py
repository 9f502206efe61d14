"""The REST documentation's own examples, asked through GraphQL and compared field by field."""

import time
from typing import Any

import pytest

import sandbox
from resolvers.global_ids import global_id
from schema.mutation import _created_at
from tests.facade import facade
from upstream.records import AccessToken

SOURCE = (
    "https://commondatastorage.googleapis.com/music-staging/cargo/{size}_3700551766741.jpg".format
)
COVER = {
    "smallUrl": SOURCE(size="small"),
    "mediumUrl": SOURCE(size="medium"),
    "largeUrl": SOURCE(size="large"),
}
TRACK = {
    "id": global_id("Track", 3272),
    "databaseId": 3272,
    "isrc": "FR9W15100085",
    "title": "Symphony No. 5: V. Rondo-Finale. Allegro - Allegro giocoso. Frisch.",
    "duration": "PT00H14M43S",
    "durationSeconds": 883,
    "genres": [],
    "discNumber": 1,
    "trackNumber": 4,
    "explicit": False,
    "highBitrateUrl": "https://commondatastorage.googleapis.com/music-staging/cargo/"
    "fr9w15100085_320k.mp3",
    "lowBitrateUrl": "https://commondatastorage.googleapis.com/music-staging/cargo/"
    "fr9w15100085_192k.mp3",
    "streamable": True,
    "inFrance": True,
    "inNowhere": False,
    "cover": COVER,
}
TRACK_FIELDS = """
    id databaseId isrc title duration durationSeconds genres discNumber trackNumber explicit
    highBitrateUrl lowBitrateUrl streamable
    inFrance: availableIn(territory: "FR") inNowhere: availableIn(territory: "XX")
    cover { smallUrl mediumUrl largeUrl }
"""


def artist(number: int, name: str) -> dict[str, Any]:
    return {"id": global_id("Artist", number), "databaseId": number, "name": name}


async def test_the_album_273_is_the_documented_one() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(
            "{ album(id: 273) { id databaseId icpn title genres releasedAt "
            "cover { smallUrl mediumUrl largeUrl } artists { id databaseId name } "
            f"label {{ id databaseId name }} tracks {{ {TRACK_FIELDS} availableTerritories }} }} }}"
        )
    album = data["album"]
    (territories,) = {tuple(track.pop("availableTerritories")) for track in album["tracks"]}
    assert len(territories) == 250
    assert (territories[0], territories[7], territories[-1]) == ("AD", "AN", "ZW")
    assert album == {
        "id": "QWxidW06Mjcz",
        "databaseId": 273,
        "icpn": "3700551766741",
        "title": "Mahler: Symphonie No. 5",
        "genres": ["Musique Classique : Musique Symphonique"],
        "releasedAt": "2014-10-29",
        "cover": COVER,
        "artists": [artist(914, "Royal Concertgebouw Orchestra"), artist(913, "Rafael Kubelik")],
        "label": {
            "id": global_id("Label", 212),
            "databaseId": 212,
            "name": "Les Indispensables de Diapason",
        },
        "tracks": [TRACK],
    }


async def test_the_track_3272_is_the_documented_one() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(f"{{ track(id: 3272) {{ {TRACK_FIELDS} }} }}")
    assert data == {"track": TRACK}


async def test_artists_and_labels_are_the_documented_ones() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(
            "{ a: artist(id: 544) { name } b: artist(id: 399) { name } c: artist(id: 610) { name }"
            "  d: label(id: 129) { name } e: label(id: 184) { name } f: label(id: 39) { name } }"
        )
    assert {key: found["name"] for key, found in data.items()} == {
        "a": "1902",
        "b": "20syl",
        "c": "2 Good Souls",
        "d": "1-800-Dinosaur",
        "e": "2.4.7. Films",
        "f": "25 Hour Convenience Store",
    }


async def test_the_listenings_are_the_documented_ones() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(
            """{ listenings(since: "2015-01-26", until: "2015-01-27") { nodes {
                id databaseId trackIsrc track { id databaseId isrc }
                threeSeconds thirtySeconds fiftyPercents ninetyFivePercents
                distributor { id databaseId name } label { databaseId name }
                album { databaseId title } artists { id databaseId name }
                user { id databaseId name station { id databaseId name } } } } }"""
        )
    first, second, *_ = data["listenings"]["nodes"]
    user = {
        "id": global_id("User", 1),
        "databaseId": 1,
        "name": "Kévin Chavanne",
        "station": {"id": global_id("Station", 1), "databaseId": 1, "name": "BM Lyon"},
    }
    heard = {
        "threeSeconds": True,
        "thirtySeconds": False,
        "fiftyPercents": False,
        "ninetyFivePercents": False,
    }
    assert first == heard | {
        "id": global_id("Listening", 1),
        "databaseId": 1,
        "trackIsrc": "USMC31477075",
        "track": {"id": global_id("Track", 5), "databaseId": 5, "isrc": "USMC31477075"},
        "distributor": {"id": global_id("Distributor", 1), "databaseId": 1, "name": "Believe"},
        "label": {"databaseId": 1, "name": "SnapShot"},
        "album": {"databaseId": 1, "title": "Neil Diamond's Christmas Classics"},
        "artists": [artist(1, "Neil Diamond")],
        "user": user,
    }
    assert second == heard | {
        "id": global_id("Listening", 2),
        "databaseId": 2,
        "trackIsrc": "FRT091000039",
        "track": {"id": global_id("Track", 2746), "databaseId": 2746, "isrc": "FRT091000039"},
        "distributor": {"id": global_id("Distributor", 2), "databaseId": 2, "name": "Idol"},
        "label": {"databaseId": 192, "name": "Agoria Music"},
        "album": {"databaseId": 259, "title": "Grande Torino - EP"},
        "artists": [artist(815, "Agoria")],
        "user": user,
    }


async def test_the_deliveries_are_the_documented_ones() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        data = await here.data(
            """{ deliveries(since: "2015-02-06", until: "2015-02-06") { nodes {
                id databaseId createdAt updatedAt finishedAt type album { id databaseId } } } }"""
        )
    assert data["deliveries"]["nodes"] == [
        {
            "id": global_id("Delivery", 158),
            "databaseId": 158,
            "createdAt": "2015-02-06T16:38:07Z",
            "updatedAt": "2015-02-06T19:54:37Z",
            "finishedAt": "2015-02-06T19:54:37Z",
            "type": "NEW",
            "album": {"id": global_id("Album", 142), "databaseId": 142},
        },
        {
            "id": global_id("Delivery", 159),
            "databaseId": 159,
            "createdAt": "2015-02-06T16:38:08Z",
            "updatedAt": "2015-02-06T19:56:21Z",
            "finishedAt": "2015-02-06T19:56:21Z",
            "type": "UPDATE",
            "album": {"id": global_id("Album", 93), "databaseId": 93},
        },
    ]


async def test_what_can_be_no_token_is_not_said_to_be_revoked() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        token = upstream.token()
        revoke = "mutation ($token: String!) { revokeToken(input: {token: $token}) { revoked } }"
        refused = await here.ask(revoke, {"token": f"Bearer {token}"}, token=token)
        assert refused.codes == ["BAD_USER_INPUT"]
        assert len(upstream.journal) == 0
        padded = await here.ask(revoke, {"token": f" {token}\n"}, token=token)
        assert padded.data == {"revokeToken": {"revoked": True}}
        after = await here.ask("{ artist(id: 544) { name } }", token=token)
        assert after.codes == ["UNAUTHENTICATED"]


async def test_a_token_is_created_and_revoked_as_documented() -> None:
    async with sandbox.running() as upstream, facade(upstream.url) as here:
        created = await here.ask(
            "mutation ($input: CreateTokenInput!) "
            "{ createToken(input: $input) { accessToken tokenType createdAt } }",
            {"input": {"username": sandbox.LISTENER, "password": sandbox.PASSWORD}},
            token=None,
        )
        payload = created.data["createToken"]
        token = payload["accessToken"]
        before = await here.ask("{ artist(id: 544) { name } }", token=token)
        revoked = await here.ask(
            "mutation ($token: String!) { revokeToken(input: {token: $token}) { revoked } }",
            {"token": token},
            token=token,
        )
        after = await here.ask("{ artist(id: 544) { name } }", token=token)
    assert len(token) == 64
    assert payload["tokenType"] == "bearer"
    assert payload["createdAt"].endswith("Z")
    assert before.data == {"artist": {"name": "1902"}}
    assert revoked.data == {"revokeToken": {"revoked": True}}
    assert after.body["data"] == {"artist": None}
    assert after.codes == ["UNAUTHENTICATED"]


def test_a_tokens_time_is_utc_wherever_the_server_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        token = AccessToken(access_token="a", token_type="bearer", created_at=0)
        assert _created_at(token).isoformat() == "1970-01-01T00:00:00+00:00"
    finally:
        monkeypatch.undo()
        time.tzset()

"""The sandbox serves the documentation's own examples, value for value."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import aiohttp

import sandbox

TERRITORIES = (  # noqa: SIM905 - as a list it would take ten times the lines
    "AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO "
    "BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK "
    "DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR "
    "GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM "
    "KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP "
    "MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL "
    "PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST "
    "SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG "
    "VI VN VU WF WS YE YT ZA ZM ZW "
).split()

COVER = {
    "small_url": "https://commondatastorage.googleapis.com/music-staging/cargo/small_3700551766741.jpg",
    "medium_url": "https://commondatastorage.googleapis.com/music-staging/cargo/medium_3700551766741.jpg",
    "large_url": "https://commondatastorage.googleapis.com/music-staging/cargo/large_3700551766741.jpg",
}

TRACK = {
    "id": 3272,
    "isrc": "FR9W15100085",
    "title": "Symphony No. 5: V. Rondo-Finale. Allegro - Allegro giocoso. Frisch.",
    "duration": "PT00H14M43S",
    "genres": [],
    "disc_number": 1,
    "track_number": 4,
    "explicit": False,
    "high_bitrate_url": "https://commondatastorage.googleapis.com/music-staging/cargo/fr9w15100085_320k.mp3",
    "low_bitrate_url": "https://commondatastorage.googleapis.com/music-staging/cargo/fr9w15100085_192k.mp3",
    "available_territories": TERRITORIES,
}

ALBUM = {
    "id": 273,
    "icpn": "3700551766741",
    "title": "Mahler: Symphonie No. 5",
    "genres": ["Musique Classique : Musique Symphonique"],
    "released_at": "2014-10-29",
    "cover": COVER,
    "artists": [
        {"id": 914, "name": "Royal Concertgebouw Orchestra"},
        {"id": 913, "name": "Rafael Kubelik"},
    ],
    "label": {"id": 212, "name": "Les Indispensables de Diapason"},
    "tracks": [TRACK],
}

LISTENINGS = [
    {
        "id": 1,
        "track_id": 5,
        "track_isrc": "USMC31477075",
        "three_seconds": True,
        "thirty_seconds": False,
        "fifty_percents": False,
        "ninety_five_percents": False,
        "distributor": {"id": 1, "name": "Believe"},
        "label": {"id": 1, "name": "SnapShot", "url": "http://localhost:7000/api/v1/labels/1"},
        "album": {
            "id": 1,
            "title": "Neil Diamond's Christmas Classics",
            "url": "http://localhost:7000/api/v1/albums/1",
        },
        "artists": [
            {"id": 1, "name": "Neil Diamond", "url": "http://localhost:7000/api/v1/artists/1"}
        ],
        "user": {"id": 1, "name": "Kévin Chavanne", "station": {"id": 1, "name": "BM Lyon"}},
    },
    {
        "id": 2,
        "track_id": 2746,
        "track_isrc": "FRT091000039",
        "three_seconds": True,
        "thirty_seconds": False,
        "fifty_percents": False,
        "ninety_five_percents": False,
        "distributor": {"id": 2, "name": "Idol"},
        "label": {
            "id": 192,
            "name": "Agoria Music",
            "url": "http://localhost:7000/api/v1/labels/192",
        },
        "album": {
            "id": 259,
            "title": "Grande Torino - EP",
            "url": "http://localhost:7000/api/v1/albums/259",
        },
        "artists": [
            {"id": 815, "name": "Agoria", "url": "http://localhost:7000/api/v1/artists/815"}
        ],
        "user": {"id": 1, "name": "Kévin Chavanne", "station": {"id": 1, "name": "BM Lyon"}},
    },
]

DELIVERIES = [
    {
        "id": 158,
        "created_at": "2015-02-06T16:38:07Z",
        "updated_at": "2015-02-06T19:54:37Z",
        "finished_at": "2015-02-06T19:54:37Z",
        "type": "new",
        "album": {"id": 142, "url": "http://music.1dtouch.com/api/v1/albums/142"},
    },
    {
        "id": 159,
        "created_at": "2015-02-06T16:38:08Z",
        "updated_at": "2015-02-06T19:56:21Z",
        "finished_at": "2015-02-06T19:56:21Z",
        "type": "update",
        "album": {"id": 93, "url": "http://music.1dtouch.com/api/v1/albums/93"},
    },
]


@asynccontextmanager
async def _caller(**options: Any) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {sandbox.LISTENER_TOKEN}"}
    async with (
        sandbox.running(**options) as upstream,
        aiohttp.ClientSession(upstream.url, headers=headers) as session,
    ):
        yield session


async def _json(session: aiohttp.ClientSession, target: str) -> Any:
    async with session.get(target) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        return await response.json()


async def test_the_documented_album_is_served_whole() -> None:
    async with _caller() as session:
        served = await _json(session, "/api/v1/album/273")
    assert served == ALBUM
    assert list(served) == list(ALBUM)
    assert list(served["tracks"][0]) == list(TRACK)


async def test_a_list_of_albums_holds_them_whole_with_tracks_that_have_no_cover() -> None:
    async with _caller() as session:
        pages = [
            await _json(session, f"/api/v1/albums?per_page=100&page={page}") for page in (1, 2, 3)
        ]
    assert [album for page in pages for album in page if album["id"] == 273] == [ALBUM]


async def test_a_track_by_itself_has_a_cover() -> None:
    async with _caller() as session:
        assert await _json(session, "/api/v1/tracks/3272") == {**TRACK, "cover": COVER}


async def test_the_documented_artists_are_the_first_of_the_list() -> None:
    async with _caller() as session:
        artists = await _json(session, "/api/v1/artists")
        assert await _json(session, "/api/v1/artists/544") == {"id": 544, "name": "1902"}
    assert artists[:3] == [
        {"id": 544, "name": "1902"},
        {"id": 399, "name": "20syl"},
        {"id": 610, "name": "2 Good Souls"},
    ]


async def test_the_documented_labels_are_the_first_of_the_list() -> None:
    async with _caller() as session:
        labels = await _json(session, "/api/v1/labels")
        assert await _json(session, "/api/v1/labels/129") == {"id": 129, "name": "1-800-Dinosaur"}
    assert labels[:3] == [
        {"id": 129, "name": "1-800-Dinosaur"},
        {"id": 184, "name": "2.4.7. Films"},
        {"id": 39, "name": "25 Hour Convenience Store"},
    ]


async def test_the_documented_listenings_are_those_of_the_documented_days() -> None:
    async with _caller() as session:
        served = await _json(session, "/api/v1/listenings?since=2015-01-26&until=2015-01-27")
    assert served == LISTENINGS


async def test_the_documented_deliveries_are_those_of_the_day_on_which_they_were_finished() -> None:
    async with _caller() as session:
        served = await _json(session, "/api/v1/deliveries?since=2015-02-06&until=2015-02-06")
    assert served == DELIVERIES


async def test_without_dates_deliveries_and_listenings_are_those_of_yesterday() -> None:
    async with _caller(today=date(2024, 3, 1)) as session:
        for table in ("deliveries", "listenings"):
            yesterday = await _json(
                session, f"/api/v1/{table}?since=2024-02-29&until=2024-02-29&page=2"
            )
            assert len(yesterday) >= 5
            assert await _json(session, f"/api/v1/{table}?page=2") == yesterday


async def test_what_the_documentation_names_in_passing_exists_too() -> None:
    async with _caller() as session:
        christmas = await _json(session, "/api/v1/album/1")
        torino = await _json(session, "/api/v1/album/259")
        assert (await _json(session, "/api/v1/album/142"))["id"] == 142
        assert (await _json(session, "/api/v1/album/93"))["id"] == 93
    assert christmas["title"] == "Neil Diamond's Christmas Classics"
    assert christmas["artists"] == [{"id": 1, "name": "Neil Diamond"}]
    assert christmas["label"] == {"id": 1, "name": "SnapShot"}
    assert {5: "USMC31477075"}.items() <= {
        track["id"]: track["isrc"] for track in christmas["tracks"]
    }.items()
    assert torino["title"] == "Grande Torino - EP"
    assert {2746: "FRT091000039"}.items() <= {
        track["id"]: track["isrc"] for track in torino["tracks"]
    }.items()


async def test_an_album_answers_at_the_documented_address_unless_told_otherwise() -> None:
    found = {}
    for option in ("singular", "plural", "both"):
        async with _caller(album_path=option) as session:
            for address in ("/api/v1/album/273", "/api/v1/albums/273"):
                async with session.get(address) as response:
                    found[option, address] = response.status
    assert found == {
        ("singular", "/api/v1/album/273"): 200,
        ("singular", "/api/v1/albums/273"): 404,
        ("plural", "/api/v1/album/273"): 404,
        ("plural", "/api/v1/albums/273"): 200,
        ("both", "/api/v1/album/273"): 200,
        ("both", "/api/v1/albums/273"): 200,
    }

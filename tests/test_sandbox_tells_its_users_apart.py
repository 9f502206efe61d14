"""The sandbox tells its users apart: each sees what it has rights on, with a token of its own."""

import io

import aiohttp
import pytest

import sandbox


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("multipart", [True, False])
async def test_credentials_buy_a_token_that_works(multipart: bool) -> None:  # noqa: FBT001 - a case
    form = aiohttp.FormData(
        {
            "grant_type": "password",
            "username": "listener@example.com",
            "password": "sandbox",
        },
        default_to_multipart=multipart,
    )
    async with sandbox.running() as upstream, aiohttp.ClientSession(upstream.url) as session:
        async with session.post("/oauth/token", data=form) as response:
            assert response.status == 200
            bought = await response.json()
        headers = _bearer(bought["access_token"])
        async with session.get("/api/v1/artists/544", headers=headers) as response:
            assert response.status == 200
    assert sorted(bought) == ["access_token", "created_at", "token_type"]
    assert len(bytes.fromhex(bought["access_token"])) == 32
    assert bought["token_type"] == "bearer"
    assert bought["created_at"] > 1_421_691_018


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "password", "username": "listener@example.com"}, 401, "invalid_grant"),
        (
            {"grant_type": "password", "username": "listener@example.com", "password": "x"},
            401,
            "invalid_grant",
        ),
        (
            {"grant_type": "password", "username": "x@example.com", "password": "sandbox"},
            401,
            "invalid_grant",
        ),
        (
            {"username": "listener@example.com", "password": "sandbox"},
            400,
            "unsupported_grant_type",
        ),
        ({}, 400, "unsupported_grant_type"),
    ],
)
async def test_wrong_credentials_buy_nothing(form: dict[str, str], status: int, error: str) -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url) as session,
        session.post("/oauth/token", data=form) as response,
    ):
        assert response.status == status
        assert (await response.json())["error"] == error


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=x", b"junk"),
        ("multipart/form-data", b"junk"),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=token\r\n\r\n\xff\r\n--x--\r\n",
        ),
        ("application/x-www-form-urlencoded; charset=nothing", b"token=a"),
        ("application/x-www-form-urlencoded", b"tokens=\xff%ff"),
        ("application/json", b'{"token": "a"}'),
        ("application/x-www-form-urlencoded", b"token=" + b"a" * 2_000_000),
    ],
)
async def test_what_is_no_form_holds_nothing(content_type: str, body: bytes) -> None:
    headers = _bearer(sandbox.LISTENER_TOKEN) | {"Content-Type": content_type}
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=headers) as session,
    ):
        for path, error in (
            ("/oauth/revoke", "invalid_request"),
            ("/oauth/token", "unsupported_grant_type"),
        ):
            async with session.post(path, data=io.BytesIO(body)) as response:
                assert response.status == 400
                assert (await response.json())["error"] == error
        assert upstream.journal.targets == ["/oauth/revoke", "/oauth/token"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer é"},
        {"Authorization": sandbox.LISTENER_TOKEN},
        {"Authorization": f"Basic {sandbox.LISTENER_TOKEN}"},
    ],
)
async def test_nothing_is_served_without_a_valid_token(headers: dict[str, str]) -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=headers) as session,
    ):
        for path in ("albums", "album/273", "tracks/3272", "listenings", "deliveries", "nothing"):
            async with session.get(f"/api/v1/{path}") as response:
                assert response.status == 401
                assert (await response.json())["error"] == "invalid_token"
        async with session.post("/oauth/revoke", data={"token": "any"}) as response:
            assert response.status == 401


async def test_a_revoked_token_is_dead_and_others_live() -> None:
    async with sandbox.running() as upstream, aiohttp.ClientSession(upstream.url) as session:
        victim = upstream.token()
        headers = _bearer(sandbox.PARTNER_TOKEN)
        # The documentation's curl command has a space before the token.
        form = aiohttp.FormData({"token": f" {victim}"}, default_to_multipart=True)
        async with session.post("/oauth/revoke", data=form, headers=headers) as response:
            assert response.status == 200
            assert await response.json() == {}
        statuses = {}
        for token in (victim, sandbox.LISTENER_TOKEN, sandbox.PARTNER_TOKEN):
            async with session.get("/api/v1/labels", headers=_bearer(token)) as response:
                statuses[token] = response.status
        async with session.post("/oauth/revoke", headers=headers) as response:
            assert response.status == 400
    assert statuses == {victim: 401, sandbox.LISTENER_TOKEN: 200, sandbox.PARTNER_TOKEN: 200}


async def test_a_wrong_method_is_refused_with_the_right_one() -> None:
    headers = _bearer(sandbox.LISTENER_TOKEN)
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=headers) as session,
    ):
        async with session.delete("/api/v1/album/273") as response:
            assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
        async with session.get("/oauth/token") as response:
            assert (response.status, response.headers["Allow"]) == (405, "POST")


async def test_the_partner_sees_a_part_of_the_catalogue_and_streams_none_of_it() -> None:
    async with sandbox.running() as upstream:
        whole = {album["id"]: album for album in upstream.rows("albums")}
        part = {album["id"]: album for album in upstream.rows("albums", sandbox.PARTNER)}
        labels = upstream.rows("labels", sandbox.PARTNER)
        artists = {artist["id"] for artist in upstream.rows("artists", sandbox.PARTNER)}
        hidden = next(row["id"] for row in upstream.rows("artists") if row["id"] not in artists)
        async with aiohttp.ClientSession(upstream.url) as session:
            headers = _bearer(sandbox.PARTNER_TOKEN)
            statuses = {}
            for path in (
                "album/273",
                "album/1",
                "tracks/3272",
                "tracks/5",
                "labels/1",
                f"artists/{hidden}",
            ):
                async with session.get(f"/api/v1/{path}", headers=headers) as response:
                    statuses[path] = response.status
    assert 200 < len(part) < len(whole) / 2
    assert part.keys() < whole.keys()
    assert {label["id"] for label in labels} >= {album["label"]["id"] for album in part.values()}
    assert {artist["id"] for album in part.values() for artist in album["artists"]} == artists
    tracks = [track for album in part.values() for track in album["tracks"]]
    assert {track["high_bitrate_url"] for track in tracks} == {None}
    assert {track["low_bitrate_url"] for track in tracks} == {None}
    assert whole[273]["tracks"][0]["high_bitrate_url"] is not None
    assert statuses == {
        "album/273": 200,
        "album/1": 404,
        "tracks/3272": 200,
        "tracks/5": 404,
        "labels/1": 404,
        f"artists/{hidden}": 404,
    }


async def test_listenings_are_those_of_the_own_station() -> None:
    async with sandbox.running() as upstream:
        own = upstream.rows("listenings")
        others = upstream.rows("listenings", sandbox.PARTNER)
        visible = {album["id"] for album in upstream.rows("albums", sandbox.PARTNER)}
    assert {row["user"]["station"]["id"] for row in own} == {1}
    assert {row["user"]["station"]["id"] for row in others} == {2}
    assert not {row["id"] for row in own} & {row["id"] for row in others}
    gone = [row["album"]["id"] for row in others if row["album"]["id"] not in visible]
    assert len(gone) == 1
    assert gone[0] > 900_000


async def test_the_partner_may_not_see_deliveries() -> None:
    async with (
        sandbox.running() as upstream,
        aiohttp.ClientSession(upstream.url, headers=_bearer(sandbox.PARTNER_TOKEN)) as session,
    ):
        async with session.get("/api/v1/deliveries") as response:
            assert response.status == 403
            assert (await response.json())["error"] == "forbidden"
        assert upstream.rows("deliveries", sandbox.PARTNER) == []


async def test_an_unknown_user_is_a_mistake_of_the_test() -> None:
    with pytest.raises(ValueError, match=r"There is no account nobody"):
        sandbox.listing("albums", "nobody")

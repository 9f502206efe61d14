"""Decoding: records as documented, and a BadResponse in the place of exactly what is wrong."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream import decoding, records
from upstream.errors import BadResponse
from upstream.listing import Collection
from upstream.territories import LISTS, Folded

ALBUM: dict[str, Any] = {
    "id": 273,
    "icpn": "3700551766741",
    "title": "Mahler: Symphonie No. 5",
    "genres": ["Musique Classique : Musique Symphonique"],
    "released_at": "2014-10-29",
    "cover": {"small_url": "https://img.example/s.jpg"},
    "artists": [{"id": 914, "name": "Royal Concertgebouw Orchestra"}],
    "label": {"id": 212, "name": "Les Indispensables de Diapason"},
    "tracks": [
        {
            "id": 3272,
            "isrc": "FR9W15100085",
            "title": "Rondo-Finale",
            "duration": "PT00H14M43S",
            "genres": [],
            "disc_number": 1,
            "track_number": 4,
            "explicit": False,
            "high_bitrate_url": None,
            "low_bitrate_url": "https://img.example/192k.mp3",
            "available_territories": ["AD", "FR"],
        }
    ],
}
LISTENING: dict[str, Any] = {
    "id": 1,
    "track_id": 5,
    "track_isrc": "USMC31477075",
    "three_seconds": True,
    "thirty_seconds": False,
    "fifty_percents": False,
    "ninety_five_percents": False,
    "label": {"id": 1, "name": "SnapShot", "url": "http://localhost:7000/api/v1/labels/1"},
    "album": {"id": 1, "title": "Christmas Classics"},
    "artists": [{"id": 1, "name": "Neil Diamond"}],
    "user": {"id": 1, "name": "Kévin Chavanne", "station": {"id": 1, "name": "BM Lyon"}},
}
DELIVERY: dict[str, Any] = {
    "id": 158,
    "created_at": "2015-02-06T16:38:07Z",
    "updated_at": "2015-02-06T19:54:37Z",
    "finished_at": "2015-02-06T19:54:37Z",
    "type": "new",
    "album": {"id": 142},
}


def encoded(value: Any) -> Folded:
    return LISTS.folded(json.dumps(value, ensure_ascii=False).encode())


def album(**changes: Any) -> Any:
    return decoding.one(encoded({**ALBUM, **changes}), records.Album, 273).value


def album_without(key: str) -> Any:
    rest = {name: value for name, value in ALBUM.items() if name != key}
    return decoding.one(encoded(rest), records.Album, 273).value


def track(**changes: Any) -> Any:
    return album(tracks=[{**ALBUM["tracks"][0], **changes}]).tracks[0]


def row(collection: Collection, value: Any) -> Any:
    return decoding.rows(encoded([value]), collection).value[0]


def test_an_album_is_decoded_with_everything_in_it() -> None:
    found = album()
    assert (found.database_id, found.icpn, found.title) == (
        273,
        "3700551766741",
        "Mahler: Symphonie No. 5",
    )
    assert found.released_at == dt.date(2014, 10, 29)
    assert found.artists == (records.Artist(914, "Royal Concertgebouw Orchestra"),)
    assert found.label == records.Label(212, "Les Indispensables de Diapason")
    assert found.tracks[0].high_bitrate_url is None
    assert decoding.territories(found.tracks[0]) == ["AD", "FR"]


def test_a_track_in_an_album_has_the_albums_cover() -> None:
    found = album()
    assert found.tracks[0].cover is found.cover
    assert found.cover == records.Cover("https://img.example/s.jpg", None, None)


def test_a_track_in_an_album_keeps_a_cover_of_its_own() -> None:
    found = track(cover={"small_url": "https://img.example/own.jpg"})
    assert found.cover == records.Cover("https://img.example/own.jpg", None, None)


def test_a_wrong_cover_is_wrong_for_the_tracks_as_well() -> None:
    found = album(cover=7)
    assert isinstance(found.cover, BadResponse)
    assert found.tracks[0].cover is found.cover


def test_a_whole_answer_names_nothing_that_is_wrong() -> None:
    assert decoding.one(encoded(ALBUM), records.Album, 273).wrong == frozenset()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("title", 5),
        ("title", None),
        ("icpn", 5),
        ("released_at", "2014-02-30"),
        ("released_at", 20140230),
        ("released_at", "yesterday"),
        ("label", "Les Indispensables"),
        ("cover", []),
        ("genres", "classical"),
        ("artists", {}),
        ("tracks", True),
    ],
)
def test_a_wrong_value_is_a_bad_response_in_its_place_and_nowhere_else(
    key: str, value: Any
) -> None:
    found = decoding.one(encoded({**ALBUM, key: value}), records.Album, 273)
    assert isinstance(getattr(found.value, key), BadResponse)
    assert found.wrong == {key}
    others = {"title", "icpn", "released_at", "label", "genres", "artists"} - {key}
    whole = album()
    for other in others:
        assert getattr(found.value, other) == getattr(whole, other)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("id", 2**31),
        ("id", -1),
        ("id", True),
        ("id", 1.5),
        ("id", "3272"),
        ("isrc", 7),
        ("duration", 883),
        ("disc_number", 2**31),
        ("disc_number", True),
        ("track_number", "4"),
        ("explicit", 1),
        ("explicit", "no"),
        ("high_bitrate_url", 320),
    ],
)
def test_a_wrong_value_in_a_track_leaves_the_album_whole(key: str, value: Any) -> None:
    found = track(**{key: value})
    attribute = "database_id" if key == "id" else key
    assert isinstance(getattr(found, attribute), BadResponse)
    assert found.title == "Rondo-Finale"


@pytest.mark.parametrize("key", ["title"])
def test_a_missing_required_key_is_a_bad_response(key: str) -> None:
    assert isinstance(getattr(album_without(key), key), BadResponse)


@pytest.mark.parametrize(
    ("key", "default"),
    [
        ("icpn", None),
        ("released_at", None),
        ("cover", None),
        ("label", None),
        ("genres", ()),
        ("artists", ()),
        ("tracks", ()),
    ],
)
def test_a_missing_optional_key_is_null_or_an_empty_list(key: str, default: Any) -> None:
    assert getattr(album_without(key), key) == default


@pytest.mark.parametrize("key", ["genres", "artists", "tracks"])
def test_null_for_a_list_is_an_empty_list_and_nothing_wrong(key: str) -> None:
    found = decoding.one(encoded({**ALBUM, key: None}), records.Album, 273)
    assert getattr(found.value, key) == ()
    assert found.wrong == frozenset()


def test_an_unknown_key_is_ignored() -> None:
    assert album(mood={"deep": [1, None]}) == album()


def test_a_wrong_element_of_a_list_is_a_bad_response_as_that_element() -> None:
    found = album(
        genres=["Jazz", 7],
        artists=[{"id": 1, "name": "A"}, None, {"id": 2}],
        tracks=[5, ALBUM["tracks"][0]],
    )
    assert found.genres[0] == "Jazz"
    assert isinstance(found.genres[1], BadResponse)
    assert found.artists[0] == records.Artist(1, "A")
    assert isinstance(found.artists[1], BadResponse)
    assert found.artists[2].database_id == 2
    assert isinstance(found.artists[2].name, BadResponse)
    assert isinstance(found.tracks[0], BadResponse)
    assert found.tracks[1].title == "Rondo-Finale"


def test_a_row_that_is_no_object_is_a_bad_response_as_that_row() -> None:
    found = decoding.rows(encoded([{"id": 1, "name": "A"}, 7, None, []]), "artists")
    assert found.value[0] == records.Artist(1, "A")
    assert [type(each) for each in found.value[1:]] == [BadResponse] * 3


def test_a_listening_is_decoded_with_its_stubs() -> None:
    found = row("listenings", LISTENING)
    assert (found.track_id, found.track_isrc, found.three_seconds) == (5, "USMC31477075", True)
    assert found.album == records.AlbumStub(1, "Christmas Classics")
    assert found.user == records.User(1, "Kévin Chavanne", records.Station(1, "BM Lyon"))
    assert found.distributor is None


def test_a_listening_whose_flag_is_a_number_is_wrong_there() -> None:
    found = row("listenings", {**LISTENING, "three_seconds": 1})
    assert isinstance(found.three_seconds, BadResponse)
    assert found.thirty_seconds is False


def test_a_delivery_is_decoded_with_its_instants() -> None:
    found = row("deliveries", DELIVERY)
    assert found.created_at == dt.datetime(2015, 2, 6, 16, 38, 7, tzinfo=dt.UTC)
    assert found.type is records.DeliveryType.NEW
    assert found.album.database_id == 142


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("created_at", "2015-02-06T16:38:07"),
        ("updated_at", "2015-13-06T16:38:07Z"),
        ("finished_at", 1423240687),
        ("type", "vanished"),
        ("type", 1),
    ],
)
def test_a_delivery_with_a_wrong_value_is_wrong_there(key: str, value: Any) -> None:
    found = row("deliveries", {**DELIVERY, key: value})
    assert isinstance(getattr(found, key), BadResponse)
    assert found.database_id == 158


WHOLLY_WRONG = [
    b"",
    b"Internal Server Error",
    b"<html><body>Bad Gateway</body></html>",
    b'{"id": 273, "title": "cut',
    b'[{"id": 1, "name": "A"}, {"id": 2, ',
    b'{"id": 273, "title": "x", "rating": NaN}',
    b'[{"id": 1, "name": "A", "rating": -Infinity}]',
    b'[{"id": 1, "name": "A", "unknown": "\xff"}]',
    b'{"id": 273, "title": "x", "unknown": "\xc3("}',
    b"[" * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    b"null",
    b"7",
    b'"album"',
    b"[] []",
    b"{} x",
]


@pytest.mark.parametrize("body", WHOLLY_WRONG, ids=range(len(WHOLLY_WRONG)))
def test_a_body_that_is_no_such_json_is_a_bad_response(body: bytes) -> None:
    with pytest.raises(BadResponse):
        decoding.one(LISTS.folded(body), records.Album, 273)
    with pytest.raises(BadResponse):
        decoding.rows(LISTS.folded(body), "artists")


def test_a_list_where_an_object_belongs_is_a_bad_response_and_the_other_way_round() -> None:
    with pytest.raises(BadResponse):
        decoding.one(encoded([ALBUM]), records.Album, 273)
    with pytest.raises(BadResponse):
        decoding.rows(encoded(ALBUM), "albums")


@pytest.mark.parametrize("number", [7, None, "273", True, 273.0])
def test_an_object_that_is_not_the_one_asked_for_is_a_bad_response(number: Any) -> None:
    with pytest.raises(BadResponse):
        decoding.one(encoded({**ALBUM, "id": number}), records.Album, 273)


def test_an_object_without_its_number_is_a_bad_response() -> None:
    with pytest.raises(BadResponse):
        decoding.one(encoded({"title": "whose?"}), records.Album, 273)


@pytest.mark.parametrize("value", [7, "FR", {}, ["FR", 7], [None], True])
def test_wrong_territories_are_a_bad_response_once_they_are_looked_at(value: Any) -> None:
    found = track(available_territories=value)
    assert found.title == "Rondo-Finale"
    with pytest.raises(BadResponse):
        decoding.territories(found)


@pytest.mark.parametrize("value", [None, []])
def test_no_territories_are_an_empty_list(value: Any) -> None:
    assert decoding.territories(track(available_territories=value)) == []


def test_equal_territories_are_decoded_once_and_shared() -> None:
    first, second = track(), track()
    assert first.available_territories is second.available_territories
    assert decoding.territories(first) is decoding.territories(second)


def test_territories_beyond_any_sane_length_are_kept_with_their_track_alone() -> None:
    longest = ["FR"] * 5_000
    first, second = track(available_territories=longest), track(available_territories=longest)
    assert first.available_territories is not second.available_territories
    assert decoding.territories(first) == longest


def test_there_are_never_too_many_territory_lists_in_memory() -> None:
    for number in range(5_000):
        decoding.territories(track(available_territories=[f"{number:04}"]))
    assert len(LISTS) <= 2_048
    assert len(decoding._codes) <= 2_048
    assert decoding.territories(track(available_territories=["0001"])) == ["0001"]


def test_a_track_from_its_own_address_has_a_cover_of_its_own() -> None:
    body = encoded({**ALBUM["tracks"][0], "cover": {"large_url": "https://img.example/l.jpg"}})
    found = decoding.one(body, records.Track, 3272).value
    assert found.cover == records.Cover(None, None, "https://img.example/l.jpg")
    assert decoding.territories(found) == ["AD", "FR"]


def test_an_access_token_is_decoded() -> None:
    found = decoding.access_token(
        encoded({"access_token": "2f93", "token_type": "bearer", "created_at": 1421691018})
    )
    assert (found.access_token, found.token_type, found.created_at) == (
        "2f93",
        "bearer",
        1421691018,
    )
    assert "2f93" not in repr(found)


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"access_token": "", "token_type": "bearer", "created_at": 1},
        {"access_token": "a\r\nb", "token_type": "bearer", "created_at": 1},
        {"access_token": "é", "token_type": "bearer", "created_at": 1},
        {"access_token": 7, "token_type": "bearer", "created_at": 1},
        {"access_token": "a", "token_type": None, "created_at": 1},
        {"access_token": "a", "token_type": "bearer"},
        {"access_token": "a", "token_type": "bearer", "created_at": -1},
        {"access_token": "a", "token_type": "bearer", "created_at": 10**15},
        {"access_token": "a", "token_type": "bearer", "created_at": True},
    ],
)
def test_a_token_that_nobody_could_use_is_a_bad_response(value: Any) -> None:
    with pytest.raises(BadResponse):
        decoding.access_token(encoded(value))


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*ALBUM, *ALBUM["tracks"][0], *LISTENING, *DELIVERY, "name", "url"]),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(st.lists(json_values, max_size=4), st.sampled_from(["albums", "listenings", "deliveries"]))
def test_any_list_is_as_many_rows_each_sound_or_wrong(
    values: list[Any], collection: Collection
) -> None:
    body = json.dumps(values).encode()
    if values and not any(isinstance(value, dict) for value in values):
        with pytest.raises(BadResponse):
            decoding.rows(LISTS.folded(body), collection)
        return
    found = decoding.rows(LISTS.folded(body), collection)
    assert len(found.value) == len(values)
    for each, value in zip(found.value, values, strict=True):
        assert isinstance(each, BadResponse) == (not isinstance(value, dict))


@given(st.binary(max_size=60))
def test_any_bytes_are_rows_or_a_bad_response(body: bytes) -> None:
    try:
        found = decoding.rows(LISTS.folded(body), "albums")
    except BadResponse:
        return
    assert isinstance(found.value, list)


def test_the_estimate_of_memory_ignores_territories_and_counts_the_rest() -> None:
    short = decoding.rows(encoded([ALBUM]), "albums").weight
    full = json.loads(json.dumps(ALBUM))
    full["tracks"][0]["available_territories"] = ["FR"] * 300
    assert abs(decoding.rows(encoded([full]), "albums").weight - short) < 20
    assert decoding.rows(encoded([ALBUM, ALBUM]), "albums").weight > 1.5 * short - 1024


def test_no_reason_carries_what_the_body_says() -> None:
    canary = "canary-7f3a"
    found = album(title={canary: canary}, genres=[canary, {canary: 1}])
    for wrong in (found.title, found.genres[1]):
        assert canary not in repr(wrong)
    with pytest.raises(BadResponse) as raised:
        decoding.rows(LISTS.folded(canary.encode()), "albums")
    assert canary not in repr(raised.value)
    assert raised.value.__context__ is None


def test_a_body_of_more_objects_than_a_page_can_have_is_not_taken_apart() -> None:
    with pytest.raises(BadResponse, match="more in it than a page can have"):
        decoding.rows(LISTS.folded(b"[" + b"{}," * 150_001 + b"{}]"), "albums")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (r"\ud83d", "\ufffd"),
        (r"\uDE00", "\ufffd"),
        (r"a\ud83d\ud83d\ude00b", "a\ufffd\U0001f600b"),
        (r"\ud83d\n\ude00", "\ufffd\n\ufffd"),
        (r"\\\ud83d", "\\\ufffd"),
        (r"\\ud83d \ud83d", r"\ud83d" + " \ufffd"),
        (r"\ud83d\ude00", "\U0001f600"),
    ],
)
def test_a_text_that_was_cut_within_a_character_loses_that_alone(sent: str, shown: str) -> None:
    body = f'[{{"id": 1, "name": "{sent}", "note": "{sent}"}}, {{"id": 2, "name": "B"}}]'
    found = decoding.rows(LISTS.folded(body.encode()), "artists")
    assert [(row.database_id, row.name) for row in found.value] == [(1, shown), (2, "B")]
    assert found.wrong == frozenset()


def test_a_body_full_of_halves_holds_nobody_up() -> None:
    for body in (b'["' + rb"\ud83d" * 2_600_000 + b'"]', b'["\\ud83d' + b"\\" * 16_000_000 + b'"]'):
        with pytest.raises(BadResponse):
            decoding.rows(LISTS.folded(body), "artists")


def test_a_longer_list_of_territories_than_tracks_share_is_not_kept() -> None:
    found = track(available_territories=["F" * 5_000])

    assert decoding.territories(found) == ["F" * 5_000]
    assert found.available_territories not in [raw for raw, _ in decoding._codes.values()]

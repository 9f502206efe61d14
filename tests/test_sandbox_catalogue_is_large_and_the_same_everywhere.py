"""The sandbox's catalogue is large, odd where real ones are, and the same on every machine."""

import hashlib
import json
import re
from datetime import date, timedelta
from functools import cache
from typing import Any

import sandbox
from sandbox import database
from sandbox.database import Table

TODAY = date(2024, 3, 1)


@cache
def _rows(table: Table) -> list[dict[str, Any]]:
    rows = database.Database(today=TODAY)
    try:
        return rows.rows(sandbox.listing(table))
    finally:
        rows.close()


def _fingerprint(rows: list[dict[str, Any]]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]


def test_there_is_as_much_of_everything_as_was_promised() -> None:
    albums = _rows("albums")
    assert len(albums) >= 1200
    assert sum(len(album["tracks"]) for album in albums) >= 14_000
    assert len(_rows("artists")) >= 400
    assert len(_rows("labels")) >= 150


def test_there_are_two_months_of_listenings_and_deliveries_up_to_today() -> None:
    rows = database.Database(today=TODAY)
    deliveries = []
    for back in range(62):
        day = TODAY - timedelta(days=back)
        for user in (sandbox.LISTENER, sandbox.PARTNER):
            assert rows.count(sandbox.listing("listenings", user, day, day)) >= 60
        deliveries.append(rows.count(sandbox.listing("deliveries", sandbox.LISTENER, day, day)))
    rows.close()
    assert min(deliveries) >= 30
    assert max(deliveries) > 100


def test_albums_lack_what_albums_can_lack() -> None:
    albums = _rows("albums")
    assert any(album["label"] is None for album in albums)
    assert any(album["cover"] is None for album in albums)
    assert any(album["icpn"] is None for album in albums)
    assert any(album["released_at"] is None for album in albums)
    assert any(album["genres"] == [] for album in albums)
    assert any(album["tracks"] == [] for album in albums)
    assert any(album["artists"] == [] for album in albums)
    assert any(len(album["artists"]) > 2 for album in albums)
    assert any(album["tracks"][-1]["disc_number"] == 2 for album in albums if album["tracks"])


def test_tracks_are_restricted_in_some_places_and_unstreamable_in_a_few() -> None:
    tracks = [track for album in _rows("albums") for track in album["tracks"]]
    lengths = {len(track["available_territories"]) for track in tracks}
    assert {250, 1, 0} < lengths
    silent = [track for track in tracks if track["high_bitrate_url"] is None]
    assert 100 < len(silent) < len(tracks) / 10
    assert all(track["low_bitrate_url"] is None for track in silent)
    assert any(track["isrc"] is None for track in tracks)
    assert all(re.fullmatch(r"PT\d{2}H\d{2}M\d{2}S", track["duration"]) for track in tracks)


def test_numbers_are_unique_and_have_gaps() -> None:
    albums = _rows("albums")
    for rows in (albums, [track for album in albums for track in album["tracks"]]):
        numbers = [row["id"] for row in rows]
        assert len(set(numbers)) == len(numbers)
    numbers = [album["id"] for album in albums]
    assert numbers == sorted(numbers)
    assert len(numbers) < max(numbers)


def test_names_and_titles_go_beyond_ascii() -> None:
    titles = "".join(album["title"] for album in _rows("albums"))
    names = "".join(artist["name"] for artist in _rows("artists"))
    for letters in ("é", "月", "البحر", "🌙", "\u2028", '"', "\\", "<"):
        assert letters in titles
    for letters in ("É", "夜", "نجوم", "🌊", '"', "\\", "<b>"):
        assert letters in names


def test_artists_and_labels_stand_by_name() -> None:
    ends: dict[Table, tuple[str, str]] = {
        "artists": ("1902", "🌊🌊🌊"),
        "labels": ("1-800-Dinosaur", "桜レコード"),
    }
    for table, (first, last) in ends.items():
        names = [row["name"] for row in _rows(table)]
        assert (names[0], names[-1]) == (first, last)
        plain = [name.casefold() for name in names if re.fullmatch(r"[A-Za-z]+( [A-Za-z]+)*", name)]
        assert plain == sorted(plain, key=lambda name: name.replace(" ", ""))


def test_listenings_agree_with_the_catalogue_but_for_the_two_that_are_meant_not_to() -> None:
    albums = {album["id"]: album for album in _rows("albums")}
    labels = {label["id"]: label["name"] for label in _rows("labels")}
    artists = {artist["id"]: artist["name"] for artist in _rows("artists")}
    tracks = {track["id"]: track for album in albums.values() for track in album["tracks"]}
    stray, gone = [], []
    rows = _rows("listenings")
    for place, row in enumerate(rows):
        assert row["track_isrc"] == tracks[row["track_id"]]["isrc"]
        assert row["label"] is None or labels[row["label"]["id"]] == row["label"]["name"]
        assert all(artists[artist["id"]] == artist["name"] for artist in row["artists"])
        album = albums.get(row["album"]["id"])
        if album is None:
            gone.append(place)
            continue
        assert album["title"] == row["album"]["title"]
        if row["track_id"] not in {track["id"] for track in album["tracks"]}:
            stray.append(place)
    assert (stray, gone) == ([17], [41])


def test_deliveries_name_albums_that_exist() -> None:
    albums = {album["id"] for album in _rows("albums")}
    rows = _rows("deliveries")
    assert {row["album"]["id"] for row in rows} < albums
    assert {row["type"] for row in rows} == {"new", "update"}
    assert {row["finished_at"][:10] for row in rows} == {"2024-02-29"}


def test_the_same_seed_gives_the_same_rows_on_every_machine() -> None:
    assert {table: _fingerprint(_rows(table)) for table in database.TABLES} == {
        "albums": "8bcafdd2aac04f96",
        "artists": "62981f2f9a305863",
        "labels": "986b2879d43136c6",
        "listenings": "3eac43571bb0918f",
        "deliveries": "a9d420f452584449",
    }


def test_another_seed_gives_other_rows_and_the_documented_ones() -> None:
    rows = database.Database(seed=2, today=TODAY)
    albums = rows.rows(sandbox.listing("albums"))
    assert albums != _rows("albums")
    assert [album["title"] for album in albums if album["id"] == 273] == ["Mahler: Symphonie No. 5"]
    rows.close()


def test_a_day_has_the_same_rows_whenever_the_sandbox_started() -> None:
    day = TODAY - timedelta(days=3)
    found = []
    for today in (TODAY, TODAY + timedelta(days=20)):
        rows = database.Database(today=today)
        found.append(rows.rows(sandbox.listing("listenings", sandbox.LISTENER, day, day)))
        rows.close()
    assert found[0] == found[1]
    assert len(found[0]) >= 60


def test_days_that_begin_while_it_runs_get_their_rows() -> None:
    class Calendar(database.Database):
        day = TODAY

        def today(self) -> date:
            return self.day

    rows = Calendar()
    yesterday = sandbox.listing("listenings")
    before = rows.numbers(yesterday)
    rows.day = TODAY + timedelta(days=3)
    after = rows.numbers(yesterday)
    rows.close()
    assert len(before) >= 60
    assert len(after) >= 60
    assert min(after) > max(before)

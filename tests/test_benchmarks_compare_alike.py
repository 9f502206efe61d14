"""The benchmarks compare like with like: equal data, exact counts, and no difference overlooked."""

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import urlopen
from xml.etree import ElementTree as ET

import pytest

from benchmarks import catalogue
from benchmarks.children import Cores, asked, static_upstream
from benchmarks.contenders import CONTENDERS, FACADE, LOGS, PLAIN_STRAWBERRY, Running
from benchmarks.measuring import Disagreement, Figures, Measuring, Pace, agreed, canonical
from benchmarks.picture import picture
from benchmarks.questions import wrong_places
from benchmarks.scenarios import ALBUM, ALBUMS, LISTENINGS, NOTHING, SCENARIOS

CORES = Cores.of_this_machine()


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with static_upstream(CORES.upstream, LOGS / "tested upstream.txt") as url:
        yield url


def test_an_album_is_as_large_as_a_real_one() -> None:
    row = catalogue.one("album", catalogue.FIRST_ALBUM) or b""

    assert 19_000 < len(row) < 21_000
    assert len(json.loads(row)["tracks"]) == 12
    assert {len(track["available_territories"]) for track in json.loads(row)["tracks"]} == {249}


def test_a_page_of_listenings_names_40_albums_and_87_of_their_tracks() -> None:
    rows = json.loads(catalogue.page("listenings", 2, 100)[0])

    assert len({row["album"]["id"] for row in rows}) == 40
    assert len({row["track_id"] for row in rows}) == 87
    assert all(row["track_id"] in catalogue.tracks_of(row["album"]["id"]) for row in rows)


def test_the_upstream_counts_pages_and_objects_but_not_the_questions_about_itself(
    upstream: str,
) -> None:
    asked(f"{upstream}/_requests", "DELETE")

    album = asked(f"{upstream}/api/v1/albums/1003")
    albums = asked(f"{upstream}/api/v1/albums?page=6&per_page=100")

    assert albums[2] == asked(f"{upstream}/api/v1/album/{albums[2]['id']}")
    assert album["id"] == 1003
    assert asked(f"{upstream}/_requests") == {"requests": 3}


def test_the_upstream_wants_a_token(upstream: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{upstream}/api/v1/albums")  # noqa: S310 - loopback
    refused.value.close()

    assert refused.value.code == 401


def test_facade_and_plain_strawberry_agree_and_every_upstream_request_is_counted(
    upstream: str,
) -> None:
    measuring = Measuring(upstream, CORES, Pace(warm_up=0, seconds=0, rounds=1))
    contenders = [FACADE, PLAIN_STRAWBERRY]
    with measuring.ready(LISTENINGS, contenders) as running:
        for scenario in (NOTHING, ALBUM, ALBUMS):
            agreed(scenario, running)
        lengths = agreed(LISTENINGS, running)
        facade, plain = (
            measuring.seen(LISTENINGS, running[each], lengths[each], operations=20)
            for each in contenders
        )

    assert (facade.operations, facade.requests) == (20, 20 * 41)
    assert (plain.operations, plain.requests) == (20, 20 * 128)


def test_two_servers_with_different_data_are_not_compared(upstream: str) -> None:
    measuring = Measuring(upstream, CORES, Pace(warm_up=0, seconds=0, rounds=1))
    with measuring.ready(ALBUM, [PLAIN_STRAWBERRY]) as running:
        elsewhere = Running(upstream + "/_requests", 0)
        with pytest.raises(Disagreement):
            agreed(ALBUM, {**running, FACADE: elsewhere})


def test_data_is_compared_whatever_the_order_of_keys() -> None:
    assert canonical(b'{"data": {"a": 1, "b": [2]}}') == canonical(b'{"data":{"b":[2],"a":1}}')


def test_an_answer_with_errors_is_compared_with_nothing() -> None:
    with pytest.raises(Disagreement, match="refused"):
        canonical(b'{"data": {"a": null}, "errors": [{"message": "refused"}]}')


def test_null_is_excused_by_an_error_below_it_only() -> None:
    expected = {"albums": [{"title": "One"}, {"title": "Two"}]}
    answered = {"albums": [None, {"title": "Two"}]}

    assert list(wrong_places(answered, expected, [("albums", 0, "title")])) == []
    assert list(wrong_places(answered, expected, [("albums", 1, "title")])) == [
        (("albums", 0), "None instead of {'title': 'One'}")
    ]


def test_another_value_is_excused_by_no_error() -> None:
    wrong = wrong_places({"album": {"title": "Two"}}, {"album": {"title": "One"}}, [("album",)])

    assert list(wrong) == [(("album", "title"), "'Two' instead of 'One'")]


def test_the_picture_names_every_contender() -> None:
    figures = [
        Figures(scenario.name, contender.name, 1, 0.05 * place, 1, 1, 1, 1, 1, 1, 1, 1, 1)
        for scenario in SCENARIOS
        for place, contender in enumerate(CONTENDERS, start=1)
    ]

    texts = [each.text for each in ET.fromstring(picture(figures)).iter()]  # noqa: S314 - ours

    assert {contender.name for contender in CONTENDERS} <= set(texts)

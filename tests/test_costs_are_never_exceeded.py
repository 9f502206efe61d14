"""Costs: what an operation may cause upstream by the contract's table, and never more."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any, Literal

import pytest
from graphql import build_schema, get_introspection_query
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sandbox
from resolvers.context import Context
from resolvers.costs import COSTS, JoinCost, WindowCost, weight
from resolvers.cursors import cursor_of
from resolvers.global_ids import global_id
from resolvers.habits import Habits
from resolvers.turns import Turns
from schema import schema
from upstream.caller import Caller
from upstream.client import Upstream
from upstream.listing import Collection, Listing
from upstream.policy import Policy
from web.documents import Documents
from web.estimates import Estimate, assert_affordable, estimated, explained
from web.limits import Limits
from web.request_errors import RequestError

QUERIES = sorted((Path(__file__).parent.parent / "queries").rglob("*.graphql"))

DOCUMENTS = Documents(schema._schema)

EVERY_FIELD_OF_AN_ALBUM = """
    id databaseId icpn title genres releasedAt cover { smallUrl mediumUrl largeUrl }
    artists { id databaseId name } label { id databaseId name }
    tracks { id databaseId isrc title duration durationSeconds genres discNumber trackNumber
        explicit highBitrateUrl lowBitrateUrl streamable availableTerritories
        availableIn(territory: "FR") cover { smallUrl mediumUrl largeUrl } }
"""

TWICE_CONDITIONAL = """query($y: Boolean!, $n: Boolean!) {
    deliveries(first: 10) { nodes @skip(if: $n) { album { id title @include(if: $y) } } }
}"""

WHOLE_ROWS = "{ nodes { track { title } album { label { name } } } }"


def estimate(
    text: str, variables: dict[str, Any] | None = None, habits: Habits | None = None
) -> Estimate:
    prepared = DOCUMENTS.prepare(text)
    assert prepared.errors == ()
    return estimated(prepared.operation().footprint, variables or {}, habits or Habits())


@pytest.mark.parametrize(
    ("text", "requests"),
    [
        ("{ __typename __schema { description } _service { sdl } }", 0),
        ("{ albums { nodes { title } } }", 3),
        (f"{{ albums(first: 100) {{ nodes {{ {EVERY_FIELD_OF_AN_ALBUM} }} }} }}", 6),
        ("{ albums(first: 500) { nodes { title } } }", 22),
        ("{ albums(first: 0) { nodes { title } } }", 2),
        ("{ albums(first: 26) { nodes { title } } }", 4),
        ("{ albums(last: 26) { nodes { title } } }", 5),
        ('{ albums(last: 26, before: "c") { nodes { title } } }', 11),
        ('{ albums(before: "c") { nodes { title } } }', 10),
        ('{ albums(first: 25, before: "c") { nodes { title } } }', 9),
        ('{ albums(after: "c") { nodes { title } } }', 9),
        ("{ albums { totalCount } }", 4),
        ("{ albums { totalCount pageCursors { around { page } } } }", 4),
        ("{ a: albums { nodes { id } } b: albums { nodes { id } } }", 6),
        ("{ album(id: 273) { title } }", 2),
        ('{ album(id: "QWxidW06Mjcz") { title } }', 2),
        ('{ album(id: "VHJhY2s6MQ==") { title } }', 0),
        ('{ album(id: "no ID") { title } }', 0),
        ("{ track(id: 1) { title } artist(id: 1) { name } label(id: 1) { name } }", 3),
        ('{ node(id: "QWxidW06Mjcz") { id } }', 2),
        ('{ node(id: "TGlzdGVuaW5nOjE=") { id } }', 0),
        ('{ nodes(ids: ["QWxidW06Mjcz", "QWxidW06Mjcz", "TGFiZWw6MQ==", "x"]) { id } }', 3),
        ('{ nodes(ids: "TGFiZWw6MQ==") { id } }', 1),
        (f"{{ listenings(first: 100) {WHOLE_ROWS} }}", 6 + 100 + 200),
        (f"{{ listenings(first: 500) {WHOLE_ROWS} }}", 22 + 500 + 1_000),
        ("{ listenings { nodes { album { id databaseId title __typename } } } }", 3),
        ("{ listenings { nodes { track { id databaseId isrc } user { name } } } }", 3),
        ("{ listenings { nodes { album { genres } } } }", 3 + 50),
        ("{ listenings { nodes { album { genres } } edges { node { album { icpn } } } } }", 53),
        ("{ listenings(first: 10) { nodes { track { title } } } }", 3 + 10 + 10),
        ("{ deliveries(first: 10) { nodes { album { title } } } }", 3 + 20),
        ("{ deliveries(first: 10) { nodes { album { id } } } }", 3),
        ("{ albums @skip(if: true) { nodes { id } } }", 0),
        ("{ albums @include(if: true) @skip(if: false) { nodes { id } } }", 3),
        ("{ listenings { nodes { album { id genres @include(if: false) } } } }", 3),
        (
            """{ listenings(first: 10) { ...L ...L nodes { ... on Listening { ...A } } } }
            fragment L on ListeningConnection { totalCount nodes { id } }
            fragment A on Listening { album { ... { ... on Album { icpn } } } }""",
            3 + 1 + 20,
        ),
        ('mutation { createToken(input: {username: "a", password: "b"}) { tokenType } }', 1),
        ('mutation { revokeToken(input: {token: "a"}) { revoked } }', 1),
    ],
)
def test_an_operation_is_estimated_by_the_table(text: str, requests: int) -> None:
    assert estimate(text).requests == requests


@pytest.mark.parametrize(
    ("text", "variables", "requests"),
    [
        ("query($n: Int) { albums(first: $n) { nodes { id } } }", {"n": 101}, 7),
        ("query($n: Int) { albums(first: $n) { nodes { id } } }", {}, 3),
        ("query($n: Int) { albums(first: $n) { nodes { id } } }", {"n": 9_999}, 22),
        ("query($n: Int) { albums(first: $n) { nodes { id } } }", {"n": -1}, 2),
        ("query($n: Int) { albums(first: $n) { nodes { id } } }", {"n": "many"}, 3),
        ("query($n: Int = 101) { albums(first: $n) { nodes { id } } }", {}, 7),
        ("query($n: Int = 101) { albums(first: $n) { nodes { id } } }", {"n": 1}, 3),
        ("query($c: String) { albums(after: $c) { nodes { id } } }", {"c": None}, 3),
        ("query($c: String) { albums(after: $c) { nodes { id } } }", {"c": "c"}, 9),
        ("query($y: Boolean!) { albums @include(if: $y) { nodes { id } } }", {"y": False}, 0),
        ("query($y: Boolean!) { albums @include(if: $y) { nodes { id } } }", {"y": True}, 3),
        ("query($y: Boolean!) { albums @skip(if: $y) { totalCount } }", {"y": False}, 4),
        ("query($y: Boolean!) { albums { totalCount @skip(if: $y) } }", {"y": True}, 3),
        (TWICE_CONDITIONAL, {"y": True, "n": False}, 23),
        (TWICE_CONDITIONAL, {"y": True, "n": True}, 3),
        (TWICE_CONDITIONAL, {"y": False, "n": False}, 3),
        (
            "query($i: [ID!]!) { nodes(ids: $i) { id } }",
            {"i": [global_id("Label", number) for number in range(500)]},
            500 + 126,  # the pages of a short list, and then each by its number after all
        ),
        ("query($i: ID!) { nodes(ids: [$i]) { id } }", {"i": global_id("Album", 1)}, 2),
        ("query($i: [ID!]!) { nodes(ids: $i) { id } }", {}, 0),
        (
            "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
            {
                "r": [
                    {"__typename": "Album", "id": "QWxidW06Mjcz"},
                    {"__typename": "Album", "databaseId": 273},
                    {"__typename": "Track", "databaseId": 273},
                    {"__typename": "Track", "databaseId": True},
                    {"__typename": "Cover", "databaseId": 1},
                    {"__typename": ["Album"]},
                    "Album",
                    None,
                ]
            },
            3,
        ),
    ],
)
def test_variables_are_followed(text: str, variables: dict[str, Any], requests: int) -> None:
    assert estimate(text, variables).requests == requests


def test_the_album_of_one_event_is_one_objects_price() -> None:
    events = build_schema(
        """
        type Query { a: Int }
        type Subscription { deliveryProcessed: Delivery }
        type Delivery { id: ID album: Album }
        type Album { id: ID title: String }
        """
    )
    documents = Documents(events)

    def requests(text: str) -> int:
        return estimated(documents.prepare(text).operation().footprint, {}).requests

    assert requests("subscription { deliveryProcessed { id album { id } } }") == 0
    assert requests("subscription { deliveryProcessed { id album { title } } }") == 2


def test_the_costliest_path_is_told_by_its_response_keys() -> None:
    text = f"{{ few: artists {{ nodes {{ id }} }} many: listenings {WHOLE_ROWS} }}"

    assert estimate(text).costliest == "many.nodes.album"


def test_what_costs_more_than_is_allowed_is_refused_with_its_costliest_path() -> None:
    with pytest.raises(RequestError) as refused:
        assert_affordable(estimate(f"{{ listenings(first: 100) {WHOLE_ROWS} }}"), 305)

    assert refused.value.formatted == {
        "message": "This request is too complex: it has 306 upstream requests, 305 are allowed.",
        "extensions": {
            "code": "QUERY_TOO_COMPLEX",
            "what": "upstream requests",
            "estimated": 306,
            "allowed": 305,
            "costliestPath": "listenings.nodes.album",
        },
    }


def thirty(field: str) -> str:
    """A query of a field under thirty aliases."""
    return "{" + "".join(f" a{n}: {field}" for n in range(30)) + " }"


REPRESENTATIONS = [{"__typename": "Album", "databaseId": number} for number in range(500)]


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        (f"{{ albums(first: 500) {{ nodes {{ {EVERY_FIELD_OF_AN_ALBUM} }} }} }}", {}),
        (f"{{ listenings(first: 500) {WHOLE_ROWS} }}", {}),
        (thirty("albums(first: 500) { nodes { id } }"), {}),
        (thirty(f"listenings {WHOLE_ROWS}"), {}),
        (
            "query($r: [_Any!]!) { _entities(representations: $r) { __typename } }",
            {"r": REPRESENTATIONS},
        ),
    ],
)
def test_what_must_be_let_through_is_affordable(text: str, variables: dict[str, Any]) -> None:
    assert_affordable(estimate(text, variables), Limits().upstream_requests)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("{ __typename }", 1),
        ("{ album(id: 1) { title genres label { id name } } }", 1 + 1 + 3 + 3),
        ("{ albums(first: 10) { nodes { title } } }", 10 * 3),
        ("{ albums(first: 10) { nodes { tracks { a: title b: title } } } }", 10 * (2 + 20 * 3)),
        ('{ nodes(ids: ["TGFiZWw6MQ==", "TGFiZWw6MQ==", "x"]) { id } }', 3 * 2),
        ("{ ...A ...A } fragment A on Query { a: __typename }", 2),
    ],
)
def test_the_values_of_an_answer_are_counted(text: str, values: int) -> None:
    assert estimate(text).values == values


@pytest.mark.parametrize(
    "text",
    [
        "{ albums(first: 500) { nodes { tracks {"
        + "".join(f" a{n}: availableTerritories" for n in range(30))
        + " } } } }",
        "{"
        + "".join(
            f" a{n}: __schema {{ types {{ fields {{ args {{ description }} }} }} }}"
            for n in range(99)
        )
        + " }",
    ],
)
def test_an_answer_that_would_be_enormous_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="values in its answer, 6000000 are allowed"):
        estimate(text)


def test_introspection_as_tools_send_it_is_let_through() -> None:
    text = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
        one_of=True,
    )

    assert estimate(text).requests == 0
    assert estimate(text).values < 5_000_000 / 2


def test_every_priced_field_is_in_the_schema_and_every_root_field_is_priced() -> None:
    types = schema._schema.type_map
    for coordinate in COSTS:
        type_name, field_name = coordinate.split(".")
        assert field_name in types[type_name].fields  # type: ignore[attr-defined] # an object type
    roots = {
        f"{name}.{field}"
        for name in ("Query", "Mutation")
        for field in types[name].fields  # type: ignore[attr-defined] # likewise
    }
    assert roots - COSTS.keys() == {"Query._service"}


def test_windows_are_priced_at_the_root_only() -> None:
    # a window inside a window's rows would have to be multiplied by them
    assert {
        coordinate.split(".")[0]
        for coordinate, cost in COSTS.items()
        if not isinstance(cost, JoinCost)
    } == {"Query", "Mutation"}
    assert sum(isinstance(cost, WindowCost) for cost in COSTS.values()) == 5


@pytest.mark.parametrize(
    ("coordinate", "requests"),
    [
        ("Query.albums", 3),
        ("Query.album", 2),
        ("Query.label", 1),
        ("Query.node", 2),
        ("Listening.track", 1),
        ("Mutation.createToken", 1),
    ],
)
def test_a_field_has_the_weight_of_one_use(coordinate: str, requests: int) -> None:
    assert weight(coordinate) == requests


def test_a_plan_tells_each_step_and_what_it_waits_for() -> None:
    text = """query($n: Int) {
        plays: listenings(first: $n) { nodes { album { label { name } } } }
        nodes(ids: ["QWxidW06Mjcz", "QWxidW06Mg=="]) { id }
        albums(last: 3) { nodes { id } }
    }"""
    operation = DOCUMENTS.prepare(text).operation()

    assert explained(operation.footprint, {"n": 150}) == {
        "requestsAtMost": 8 + 300 + 4 + 4,
        # five for each play, two for each node, three for each album
        "values": 150 * 5 + 2 * 2 + 3 * 3,
        "steps": [
            {
                "path": "plays",
                "method": "GET",
                "route": "/api/v1/listenings",
                "parameters": {"page": [1, 2], "per_page": 75},
                "requestsAtMost": 8,
                "objects": 150,
                "after": None,
            },
            {
                "path": "plays.nodes.album",
                "method": "GET",
                "route": "/api/v1/albums/:id",
                "parameters": {},
                "requestsAtMost": 300,
                "objects": 150,
                "after": "plays",
            },
            {
                "path": "nodes",
                "method": "GET",
                "route": "/api/v1/albums/:id",
                "parameters": {"id": [2, 273]},
                "requestsAtMost": 4,
                "objects": 2,
                "after": None,
            },
            {
                "path": "albums",
                "method": "GET",
                "route": "/api/v1/albums",
                "parameters": {},
                "requestsAtMost": 4,
                "objects": 3,
                "after": None,
            },
        ],
    }


EASY: dict[str, Any] = {}
HARD: dict[str, Any] = {
    "per_page_ignored": ("albums", "artists", "labels", "listenings", "deliveries"),
    "album_path": "plural",
}


@pytest.fixture(scope="module", params=[EASY, HARD], ids=["as documented", "as hard as it gets"])
def upstream(request: pytest.FixtureRequest) -> Iterator[sandbox.Running]:
    with sandbox.running_in_thread(**request.param) as running:
        yield running


async def requests_of(
    upstream: sandbox.Running,
    text: str,
    variables: dict[str, Any],
    habits: Habits | None = None,
) -> int:
    """How many requests an operation causes; without `habits`, when no list is known yet."""
    upstream.journal.clear()
    async with Upstream(upstream.url, Policy(cache_bytes=0)) as client:
        caller = Caller(upstream.token(), monotonic() + 30)
        context = Context(caller, client, habits or Habits(), Turns())
        await schema.execute(text, variables, context_value=context)
        context.close()
    return len(upstream.journal)


TEXTS = {path: text for path in QUERIES if "\nsubscription " not in (text := path.read_text())}


def variables_of(path: Path) -> dict[str, Any]:
    beside = path.with_suffix(".variables.json")
    variables: dict[str, Any] = json.loads(beside.read_text()) if beside.exists() else {}
    return variables


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_no_query_of_ours_costs_more_than_its_estimate(
    path: Path, upstream: sandbox.Running
) -> None:
    text, variables = TEXTS[path], variables_of(path)

    assert await requests_of(upstream, text, variables) <= estimate(text, variables).requests


NUMBERS = st.sampled_from([1, 2, 3, 12, 273, 400, 3_272, 999_999])
SIZES = st.none() | st.sampled_from([0, 1, 2, 24, 25, 26, 50, 75, 100, 101, 160])
CONDITIONS = st.sampled_from(["", "", "", " @include(if: $yes)", " @skip(if: $yes)"])


LENGTHS: dict[Collection, int] = {
    "albums": 1_200,
    "artists": 400,
    "labels": 150,
    "listenings": 300,
    "deliveries": 40,
}
"""About how many rows each list has, so that cursors fall inside, at the end and beyond."""


@st.composite
def cursors(draw: st.DrawFn, collection: Collection) -> str | None:
    """A cursor whose row may stand there or nearby, or be gone, or no cursor."""
    if draw(st.booleans()):
        return None
    place = draw(st.integers(min_value=-1, max_value=LENGTHS[collection] + 60))
    number = draw(st.none() | st.sampled_from([place + 1, max(place - 30, 1), place + 30, 999_999]))
    return cursor_of(Listing(collection), place, number)


@st.composite
def windows(draw: st.DrawFn) -> str:
    """A field that shows a window, joined or not."""
    collection: Collection = draw(
        st.sampled_from(["albums", "artists", "labels", "listenings", "listenings", "deliveries"])
    )
    arguments: dict[str, Any] = {
        draw(st.sampled_from(["first", "last"])): draw(SIZES),
        "after": draw(cursors(collection)),
        "before": draw(cursors(collection)),
    }
    given = [
        f"{name}: {json.dumps(value)}" for name, value in arguments.items() if value is not None
    ]
    joined = {
        "albums": ["title", "tracks { title }"],
        "artists": ["name"],
        "labels": ["name"],
        "listenings": [
            "album { title }",
            "album { label { name } }",
            "track { isrc }",
            "track { title }",
            "track { title cover { smallUrl } }",
        ],
        "deliveries": ["album { id }", "album { title }"],
    }[collection]
    fields = draw(st.lists(st.sampled_from(joined), max_size=2, unique=True))
    rows = " ".join(f"f{at}: {field}" for at, field in enumerate(fields)) or "id"
    shown = draw(
        st.lists(
            st.sampled_from(
                [
                    f"nodes {{ {rows} }}",
                    f"edges {{ node {{ {rows} }} }}",
                    "totalCount",
                    "pageInfo { hasNextPage }",
                    "pageCursors { around { page } }",
                ]
            ),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    parts = [part.replace(" {", draw(CONDITIONS) + " {", 1) for part in shown]
    call = f"({', '.join(given)})" if given else ""
    return f"{collection}{call} {{ __typename {' '.join(parts)} }}"


@st.composite
def lookups(draw: st.DrawFn) -> str:
    """A field that shows objects by their numbers."""
    kind: Literal["Album", "Artist", "Label", "Track"] = draw(
        st.sampled_from(["Album", "Artist", "Label", "Track"])
    )
    numbers = draw(st.lists(NUMBERS, min_size=1, max_size=6))
    ids = [global_id(kind, number) for number in numbers]
    keys = [f'{{__typename: "{kind}", databaseId: {number}}}' for number in numbers]
    return draw(
        st.sampled_from(
            [
                f"{kind.lower()}(id: {numbers[0]}) {{ id }}",
                f'node(id: "{ids[0]}") {{ id ... on Track {{ cover {{ smallUrl }} }} }}',
                f"nodes(ids: {json.dumps(ids)}) {{ id }}",
                f"_entities(representations: [{' '.join(keys)}]) {{ __typename }}",
            ]
        )
    )


@st.composite
def operations(draw: st.DrawFn) -> str:
    """An operation of a few fields, in fragments or not, some with conditions."""
    fields = draw(st.lists(windows() | lookups(), min_size=1, max_size=3))
    texts = [f"r{at}: {field}" for at, field in enumerate(fields)]
    if draw(st.booleans()):
        spread = f"...Rest{draw(CONDITIONS)}"
        return (
            f"query($yes: Boolean = true) {{ ...Rest {spread} {texts[0]} }}"
            f" fragment Rest on Query {{ {' '.join(texts)} }}"
        )
    return f"query($yes: Boolean = true) {{ {' '.join(texts)} }}"


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=st.tuples(operations(), st.booleans()))
async def test_no_generated_query_costs_more_than_its_estimate(
    upstream: sandbox.Running, asked: tuple[str, bool]
) -> None:
    text, yes = asked
    # a variable that no field uses is a validation error
    text = text if "if: $yes" in text else text.replace("($yes: Boolean = true)", "", 1)
    variables = {"yes": yes} if "$yes" in text else {}

    assert await requests_of(upstream, text, variables) <= estimate(text, variables).requests


FIRST_PAGES = " ".join(f"{collection} {{ nodes {{ id }} }}" for collection in LENGTHS)
END = "{ albums(last: 3) { nodes { id } } }"


@pytest.fixture(scope="module", params=[False, True], ids=["sizes respected", "sizes ignored"])
def unlinked(request: pytest.FixtureRequest) -> Iterator[tuple[sandbox.Running, Habits]]:
    """A REST API that sends no Link headers, and what is known of it after a first look."""
    with sandbox.running_in_thread() as running:
        running.orders.add(sandbox.Link("none"))
        running.orders.add(sandbox.Paging(ignored=request.param))
        habits = Habits()
        asyncio.run(requests_of(running, f"{{ {FIRST_PAGES} }}", {}, habits))
        yield running, habits


async def test_the_search_for_an_end_is_estimated_once_a_list_is_known_to_hide_it(
    unlinked: tuple[sandbox.Running, Habits],
) -> None:
    upstream, habits = unlinked
    actual = await requests_of(upstream, END, {}, habits)

    assert estimate(END).requests < actual <= estimate(END, habits=habits).requests


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(fields=st.lists(windows(), min_size=1, max_size=3))
async def test_no_generated_window_costs_more_than_its_estimate_without_link(
    unlinked: tuple[sandbox.Running, Habits], fields: list[str]
) -> None:
    upstream, habits = unlinked
    text = " ".join(f"r{at}: {field}" for at, field in enumerate(fields))
    text = f"query{'($yes: Boolean = true)' if '$yes' in text else ''} {{ {text} }}"

    assert await requests_of(upstream, text, {}, habits) <= estimate(text, {}, habits).requests


def test_what_is_no_id_hides_none_of_those_behind_it() -> None:
    assert estimate('{ nodes(ids: ["x", "TGFiZWw6MQ==", "TGFiZWw6Mg=="]) { id } }').requests == 2


def test_objects_named_in_several_places_are_scanned_for_together() -> None:
    ids = ", ".join(f'"{global_id("Artist", number)}"' for number in range(1, 21))
    text = f"{{ nodes(ids: [{ids}]) {{ id }} artist(id: 21) {{ id }} }}"
    assert estimate(text).requests == 20 + 1 + 6


def test_what_objects_of_several_types_hold_counts_once() -> None:
    ids = '"TGFiZWw6MQ==", "QWxidW06Mjcz"'
    assert estimate(f"{{ nodes(ids: [{ids}]) {{ id __typename }} }}").values == 6


@pytest.mark.parametrize(
    ("variables", "requests"),
    [
        ({"y": True, "z": False}, 3 + 50),
        ({"y": False, "z": True}, 3 + 50),
        ({"y": False, "z": False}, 3),
    ],
)
def test_an_object_that_two_fields_join_is_priced_where_one_of_them_is_asked_for(
    variables: dict[str, Any], requests: int
) -> None:
    text = """query($y: Boolean!, $z: Boolean!) { listenings { nodes {
        album @include(if: $y) { genres } other: album @include(if: $z) { icpn } } } }"""
    assert estimate(text, variables).requests == requests


def test_a_whole_number_with_a_point_costs_what_graphql_takes_it_for() -> None:
    rows = f"query($n: Int) {{ listenings(first: $n) {WHOLE_ROWS} }}"
    assert estimate(rows, {"n": 500.0}).requests == estimate(rows, {"n": 500}).requests
    one = "query($id: ID!) { album(id: $id) { title } }"
    assert estimate(one, {"id": 5.0}).requests == estimate(one, {"id": 5}).requests == 2

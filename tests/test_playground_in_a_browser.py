"""The playground in a real Chromium that can reach nothing but this machine.

Every test ends by looking at what its pages asked of other hosts, what the Content-Security-Policy
had to stop and what the console said: nothing, each time.
"""

import asyncio
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import sandbox
from resolvers.global_ids import global_id
from tests import needs
from tests.served import QUIET, served
from web.app import create_app
from web.playground import ASSETS, QUERIES, VENDOR, SandboxUser, examples
from web.settings import settings_from

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Route

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener('securitypolicyviolation', (event) =>
    window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
ANSWER = "document.querySelector('.result-window .CodeMirror').CodeMirror"
QUERY = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
VARIABLES = "document.querySelector('.graphiql-editor-tool .CodeMirror').CodeMirror"
KEPT = "(storage) => Object.entries({...storage}).map(([key, value]) => `${key}=${value}`).join()"
OFFER = "#session >> text=Use the sandbox"
EXAMPLES = [each for section in examples(QUERIES) for each in section["operations"]]


@dataclass
class Facade:
    """A facade with the sandbox behind it."""

    url: str
    upstream: sandbox.Running

    @contextmanager
    def with_upstream_stopped(self) -> Iterator[None]:
        """Nothing listens where the REST API was, until the block ends."""
        stopped, wanted_back = threading.Event(), threading.Event()

        async def stay_down() -> None:
            async with self.upstream.down():
                stopped.set()
                await asyncio.to_thread(wanted_back.wait)

        # The tests' own thread has a loop already: the browser's.
        with ThreadPoolExecutor(1) as threads:
            down = threads.submit(lambda: asyncio.run(stay_down()))
            assert stopped.wait(5)
            try:
                yield
            finally:
                wanted_back.set()
                down.result()


@pytest.fixture(scope="module")
def upstream() -> Iterator[sandbox.Running]:
    # The day stays what it is: no delivery is new because midnight has passed.
    with sandbox.running_in_thread(today=datetime.now(UTC).date()) as running:
        yield running


@pytest.fixture
def facade(upstream: sandbox.Running) -> Iterator[Facade]:
    """A facade of its own for each test: nothing is cached, no breaker is open."""
    if not all((ASSETS / name).is_file() for name in VENDOR):
        needs.missing("scripts/install-playground has not been run")
    upstream.orders.clear()
    started, ended = threading.Event(), threading.Event()
    urls: list[str] = []

    async def serve() -> None:
        settings = settings_from(["--upstream", upstream.url, "--live-interval", "0.2"], QUIET)
        user = SandboxUser(sandbox.LISTENER, sandbox.PASSWORD)
        async with served(create_app(settings, sandbox_user=user)) as here:
            urls.append(here.url)
            started.set()
            await asyncio.to_thread(ended.wait)

    with ThreadPoolExecutor(1) as threads:
        serving = threads.submit(lambda: asyncio.run(serve()))
        assert started.wait(30) or serving.result()
        upstream.journal.clear()
        try:
            yield Facade(urls[0], upstream)
        finally:
            ended.set()
            serving.result()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    chromium = os.environ.get("CHROMIUM") or needs.program("chromium")
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may be missing
    except ImportError:
        needs.missing("playwright is not installed")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        yield launched
        launched.close()


@dataclass
class Visitor:
    """A person in front of a page."""

    facade: Facade
    page: "Page"
    elsewhere: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def arrive(self, query: str = "") -> None:
        """Load the page, and wait until it can be used."""
        self.page.goto(self.facade.url + query)
        self.page.wait_for_selector(".graphiql-query-editor .CodeMirror")
        if not self.page.evaluate("() => matchMedia('(max-width: 900px)').matches"):
            self.page.wait_for_selector("[data-example]")

    def hear(self, kind: str, text: str) -> None:
        """Note what the console says."""
        # A word of GraphiQL to its own developers, when a dialog of its own opens.
        if "`Description` or `aria-describedby" not in text:
            self.console.append(f"{kind}: {text}")

    def log_in(self) -> None:
        """Log in as the sandbox's user, with one click."""
        self.page.click(OFFER)
        self.page.wait_for_selector(".who")

    def open_example(self, name: str) -> None:
        """Open an operation of queries/."""
        self.page.click(f"[data-example={name}]")
        self.page.wait_for_function(f"() => {QUERY}.getValue().includes('{name}')")

    def write(self, query: str, variables: dict[str, Any] | None = None) -> None:
        """Replace what stands in the editors."""
        self.page.evaluate(f"(text) => {QUERY}.setValue(text)", query)
        self.page.evaluate(f"(text) => {VARIABLES}.setValue(text)", json.dumps(variables or {}))

    def run(self) -> dict[str, Any]:
        """Run what stands in the editor: the answer that is shown."""
        self.page.evaluate(f"() => {ANSWER}.setValue('')")
        self.page.click(".graphiql-execute-button")
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The answer that is shown, once it is."""
        self.page.wait_for_function(f"() => {ANSWER}.getValue() !== ''")
        answer: dict[str, Any] = json.loads(self.page.evaluate(f"() => {ANSWER}.getValue()"))
        return answer

    def token(self) -> str:
        """The token that the page holds."""
        kept = self.page.evaluate("() => sessionStorage.getItem('onedtouch:session')")
        return str(json.loads(kept)["token"])

    def kept_for_good(self) -> str:
        """All that is in local storage, and the address; after GraphiQL's pause before keeping."""
        self.page.wait_for_timeout(700)
        kept = self.page.evaluate(f"() => ({KEPT})(localStorage) + location.href")
        return str(kept)


Visit = Callable[..., Visitor]


@pytest.fixture
def visit(browser: "Browser", facade: Facade) -> Iterator[Visit]:
    """A function that sends a visitor to the page; its options are those of a browser context."""
    visitors: list[Visitor] = []
    contexts: list[BrowserContext] = []

    def arrive(query: str = "", **options: Any) -> Visitor:
        context = browser.new_context(**options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(NOTE_VIOLATIONS)
        page = context.new_page()
        visitor = Visitor(facade, page)

        def only_here(route: "Route") -> None:
            if urlsplit(route.request.url).netloc == urlsplit(facade.url).netloc:
                route.continue_()
            else:
                visitor.elsewhere.append(route.request.url)
                route.abort()

        context.route(re.compile("^(?!data:)"), only_here)
        page.on("console", lambda said: visitor.hear(said.type, said.text))
        page.on("pageerror", lambda error: visitor.console.append(str(error)))
        visitors.append(visitor)
        visitor.arrive(query)
        return visitor

    try:
        yield arrive
        for visitor in visitors:
            assert visitor.elsewhere == []
            assert visitor.console == []
            assert visitor.page.evaluate("() => window.violations") == []
    finally:
        for context in contexts:
            context.close()


def test_one_click_logs_in_as_the_sandboxs_user(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("FirstLook")
    answer = visitor.run()
    assert visitor.page.text_content(".who") == "listener@example.com"
    assert [album["title"] for album in answer["data"]["albums"]["nodes"]] == [
        row["title"] for row in visitor.facade.upstream.rows("albums")[:3]
    ]


def test_a_user_logs_in_through_the_form_with_the_keyboard_alone(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.focus("#session button:not(.primary)")
    page.keyboard.press("Enter")
    page.wait_for_selector("#login[open]")
    page.keyboard.press("Control+A")
    page.keyboard.type("partner@example.com")
    page.keyboard.press("Tab")
    page.keyboard.type("sandbox")
    page.keyboard.press("Enter")
    page.wait_for_selector(".who")
    assert page.text_content(".who") == "partner@example.com"
    assert not page.is_visible("#login")


def test_who_has_only_a_keyboard_goes_through_the_whole_page_and_sees_where_they_are(
    visit: Visit,
) -> None:
    visitor = visit()
    page = visitor.page
    seen: list[str] = []
    while True:
        page.keyboard.press("Tab")
        name, is_editor, outline = page.evaluate(
            """() => {
                const element = document.activeElement;
                const { outlineStyle, outlineWidth } = getComputedStyle(element);
                const name = element.getAttribute('aria-label') ?? element.textContent;
                const isEditor = Boolean(element.closest('.CodeMirror'));
                return [name, isEditor, `${outlineStyle} ${outlineWidth}`];
            }"""
        )
        if name == "Explain":
            break
        assert len(seen) < 100, "the focus is caught somewhere"
        if is_editor:
            page.keyboard.press("Escape")
            seen.append("an editor")
        else:
            assert outline == "solid 2px", name
            seen.append(name)
    assert seen.count("an editor") == 3
    assert {"Log in", "Open settings dialog", "Execute query (Ctrl-Enter)", "Headers"} <= {*seen}


def test_the_focus_is_on_the_other_button_when_logging_in_or_out_takes_one_away(
    visit: Visit,
) -> None:
    visitor = visit()
    page = visitor.page
    page.focus(OFFER)
    page.keyboard.press("Enter")
    page.wait_for_selector(".who")
    assert page.evaluate("() => document.activeElement.textContent") == "Log out"
    page.keyboard.press("Enter")
    page.wait_for_selector(OFFER)
    assert page.evaluate("() => document.activeElement.textContent").startswith("Use the")


def test_a_wrong_password_is_said_in_the_form(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.click("#session button:not(.primary)")
    page.fill("#login [name=password]", "guessed")
    page.click("#login .primary")
    page.wait_for_selector("#login .wrong:not(:empty)")
    assert page.text_content("#login .wrong") == (
        "This username and this password do not go together."
    )
    assert page.is_visible("#login")
    page.keyboard.press("Escape")
    assert not page.is_visible("#login")


def requests(visitor: Visitor, path: str) -> int:
    """How many requests to a path of the REST API are over."""
    entries = visitor.facade.upstream.journal.entries
    return sum(entry.path == path and entry.status is not None for entry in entries)


def test_who_cancels_while_it_takes_long_is_not_logged_in(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.facade.upstream.orders.add(sandbox.Latency(1000), path="/oauth/token")
    page.click("#session button:not(.primary)")
    page.click("#login .primary")
    page.click("#login [value=cancel]")
    deadline = time.monotonic() + 10
    while not requests(visitor, "/oauth/revoke"):
        assert time.monotonic() < deadline, "the token that nobody wants is not revoked"
        page.wait_for_timeout(50)
    page.wait_for_timeout(200)
    assert page.locator(".who").count() == 0
    assert not page.is_visible("#login")
    visitor.facade.upstream.orders.clear()
    visitor.log_in()


def test_two_clicks_log_in_once(visit: Visit) -> None:
    visitor = visit()
    visitor.facade.upstream.orders.add(sandbox.Latency(300), path="/oauth/token")
    visitor.page.dblclick(OFFER)
    visitor.page.wait_for_selector(".who")
    visitor.page.wait_for_timeout(500)
    assert requests(visitor, "/oauth/token") == 1


def test_each_editor_has_a_name_for_who_does_not_see_it(visit: Visit) -> None:
    page = visit().page
    for name in ("Operation", "Variables", "Headers", "Answer"):
        assert page.locator(f".CodeMirror textarea[aria-label={name}]").count() == 1


def test_logging_out_revokes_the_token(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    token = visitor.token()
    visitor.page.click("text=Log out")
    visitor.page.wait_for_selector(OFFER)
    visitor.page.wait_for_function("() => !sessionStorage.getItem('onedtouch:session')")
    dead = visitor.page.evaluate(
        """async (token) => {
            const response = await fetch(location.pathname, {
                method: 'POST',
                headers: {
                    Authorization: `Bearer ${token}`,
                    'Content-Type': 'application/json',
                    Accept: 'application/json',
                },
                body: JSON.stringify({query: '{ artist(id: 1) { name } }'}),
            });
            return response.json();
        }""",
        token,
    )
    assert "POST /oauth/revoke 200" in [
        f"{entry.method} {entry.path} {entry.status}"
        for entry in visitor.facade.upstream.journal.entries
    ]
    assert dead["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_the_token_outlives_a_reload_and_no_more(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    token = visitor.token()
    visitor.open_example("WholeAlbum")
    visitor.run()
    assert token not in visitor.kept_for_good()
    visitor.arrive()
    assert visitor.token() == token
    editors = visitor.page.evaluate(
        "() => [...document.querySelectorAll('.CodeMirror')].map("
        "(each) => each.CodeMirror.getValue()).join()"
    )
    assert token not in editors


def test_credentials_that_are_typed_or_answered_are_kept_nowhere_for_good(visit: Visit) -> None:
    visitor = visit()
    visitor.open_example("SignIn")
    given = visitor.run()["data"]["createToken"]["accessToken"]
    visitor.write(
        'mutation { createToken(input: {username: "x", password: "s3cret"}) { tokenType } }'
    )
    visitor.run()
    kept = visitor.kept_for_good()
    assert given not in kept
    assert "s3cret" not in kept
    assert sandbox.PASSWORD not in kept


def test_what_was_run_is_found_again_in_the_history_of_the_next_visit(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("LabelIndex")
    visitor.run()
    assert "LabelIndex" in visitor.kept_for_good()


def test_every_example_runs_without_an_error(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    for example in EXAMPLES:
        name = example["name"]
        visitor.open_example(name)
        if name == "LiveDeliveries":
            continue  # it has no end, and a test of its own
        if name == "SignOut":
            token = visitor.facade.upstream.token(sandbox.LISTENER)
            shown = visitor.page.evaluate(f"() => {VARIABLES}.getValue()")
            assert json.loads(shown) == {"input": {"token": ""}}
            visitor.write(example["query"], {"input": {"token": token}})
        elif example["variables"]:
            shown = visitor.page.evaluate(f"() => {VARIABLES}.getValue()")
            assert json.loads(shown) == json.loads(example["variables"]), name
        answer = visitor.run()
        assert "errors" not in answer, (name, answer)
        assert None not in answer["data"].values(), (name, answer)


def test_a_connection_is_paged_through_from_its_first_item_to_its_last(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("LabelIndex")
    query = visitor.page.evaluate(f"() => {QUERY}.getValue()")
    names: list[str] = []
    after = None
    while True:
        visitor.write(query, {"first": 50, "after": after})
        labels = visitor.run()["data"]["labels"]
        names += [edge["node"]["name"] for edge in labels["edges"]]
        if not labels["pageInfo"]["hasNextPage"]:
            break
        after = labels["pageInfo"]["endCursor"]
    assert names == [row["name"] for row in visitor.facade.upstream.rows("labels")]


def test_the_waterfall_shows_what_was_asked_upstream_and_what_was_spared(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("ListeningReport")
    visitor.facade.upstream.journal.clear()
    visitor.run()
    asked = visitor.page.locator(".waterfall .target").all_text_contents()
    summary = visitor.page.text_content(".summary") or ""
    visitor.run()
    again = visitor.page.locator(".waterfall .time").all_text_contents()
    targets = visitor.facade.upstream.journal.targets
    assert sorted(asked) == sorted(targets)
    assert summary.startswith(f"{len(targets)} upstream requests · ")
    assert any(each.startswith("cache") for each in again)


def test_the_costs_shown_are_those_of_the_answer_shown(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    page, upstream = visitor.page, visitor.facade.upstream
    upstream.orders.add(sandbox.Latency(1500), path="/api/v1/labels")
    visitor.write("{ labels { nodes { name } } }")
    page.click(".graphiql-execute-button")
    page.wait_for_selector("[aria-label^='Stop query']")
    page.click(".graphiql-execute-button")
    visitor.write("{ artists { nodes { name } } }")
    assert "artists" in visitor.run()["data"]
    page.wait_for_timeout(2_000)
    assert page.locator(".waterfall .target").all_text_contents() == [
        "/api/v1/artists?page=1&per_page=25"
    ]


def test_the_costs_shown_are_those_of_the_tab_in_front(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    summary = visitor.page.locator(".summary")
    visitor.open_example("ArtistAndLabel")
    visitor.run()
    assert (summary.text_content() or "").startswith("2 upstream requests · ")
    visitor.open_example("PlayerTrack")
    assert summary.text_content() == "Run or explain an operation."
    visitor.run()
    assert (summary.text_content() or "").startswith("1 upstream request · ")
    visitor.open_example("ArtistAndLabel")
    assert (summary.text_content() or "").startswith("2 upstream requests · ")


def test_what_graphiql_says_itself_has_cost_nothing(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("ArtistAndLabel")
    visitor.run()
    visitor.page.evaluate(f"() => {VARIABLES}.setValue('{{')")
    visitor.page.click(".graphiql-execute-button")
    visitor.page.wait_for_function(f"() => {ANSWER}.getValue().startsWith('Variables are')")
    assert visitor.page.text_content(".summary") == "Run or explain an operation."
    assert visitor.page.locator(".waterfall").count() == 0


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("{ labels { nodes { name } } }", "/api/v1/labels"),
        ("subscription { deliveryProcessed { databaseId } }", "/api/v1/deliveries"),
    ],
    ids=["query", "subscription"],
)
def test_an_answer_that_comes_late_is_not_shown_in_another_tab(
    visit: Visit, query: str, path: str
) -> None:
    visitor = visit()
    visitor.log_in()
    page, upstream = visitor.page, visitor.facade.upstream
    upstream.orders.add(sandbox.Latency(1500), path=path, times=1)
    visitor.write(query)
    page.click(".graphiql-execute-button")
    page.wait_for_selector("[aria-label^='Stop query']")
    visitor.open_example("ArtistAndLabel")
    page.wait_for_selector("[aria-label^='Execute query']")
    today = upstream.database.today()
    upstream.database.insert(sandbox.listing("deliveries", since=today, until=today), 0)
    page.wait_for_timeout(2_500)
    assert page.evaluate(f"() => {ANSWER}.getValue()") == ""
    assert page.text_content(".summary") == "Run or explain an operation."


def test_what_was_stopped_is_not_shown_when_it_comes(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    page = visitor.page
    visitor.facade.upstream.orders.add(sandbox.Latency(1000), path="/api/v1/labels")
    visitor.write("{ labels { nodes { name } } }")
    page.click(".graphiql-execute-button")
    page.wait_for_selector("[aria-label^='Stop query']")
    page.click(".graphiql-execute-button")
    page.wait_for_timeout(1_500)
    assert page.evaluate(f"() => {ANSWER}.getValue()") == ""


def test_each_mistake_is_said_once_and_many_are_counted(visit: Visit) -> None:
    visitor = visit()
    visitor.write("{ a: albums(x: 1) { nodes { ppp } } b: albums(x: 1) { nodes { qqq rrr } } }")
    visitor.run()
    assert visitor.page.locator(".notice").all_text_contents() == [
        "Unknown argument 'x' on field 'Query.albums'. (at 2 places)",
        "Cannot query field 'ppp' on type 'Album'.",
        "Cannot query field 'qqq' on type 'Album'. The answer has 1 more error.",
    ]


def test_nothing_is_sent_where_nothing_is_written(visit: Visit) -> None:
    visitor = visit()
    visitor.write("{ __typename }")
    visitor.run()
    visitor.write("")
    answer = visitor.run()
    assert answer["errors"][0]["message"].startswith("There is nothing to run:")
    assert visitor.page.text_content(".summary") == "Run or explain an operation."


def test_a_header_that_can_not_be_sent_is_said_to_be_that(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.click("button:has-text('Headers')")
    page.click(".graphiql-editor-tool .CodeMirror:visible")
    page.keyboard.insert_text('{"X Y": "1"}')
    answer = visitor.run()
    assert answer["errors"][0]["message"].startswith("One of the headers can")


def test_a_long_waterfall_scrolls_in_its_place_and_not_the_page(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("YesterdaysDeliveries")
    visitor.run()
    assert visitor.page.locator(".waterfall li").count() > 25
    height, inside = visitor.page.evaluate(
        "() => [document.scrollingElement.scrollHeight, innerHeight]"
    )
    assert height == inside


def test_only_an_answer_that_is_not_very_long_can_be_folded(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    query = "{{ albums(first: {}) {{ nodes {{ tracks {{ availableTerritories }} }} }} }}"
    for first, is_folded in ((1, True), (100, False), (1, True)):
        visitor.write(query.format(first))
        visitor.run()
        assert visitor.page.evaluate(f"() => {ANSWER}.getOption('foldGutter')") is is_folded


def test_an_example_opens_whatever_else_is_happening_in_the_editors(visit: Visit) -> None:
    visitor = visit()
    visitor.open_example(EXAMPLES[0]["name"])
    for example in EXAMPLES[1:4]:
        # The click comes just when GraphiQL takes note of what was typed, and before React has.
        visitor.page.evaluate(
            f"""(name) => {{
                {QUERY}.setValue('query Typed {{ __typename }}');
                const click = () => document.querySelector(`[data-example=${{name}}]`).click();
                setTimeout(click, 100);
                const begun = performance.now();
                while (performance.now() < begun + 110);
            }}""",
            example["name"],
        )
        visitor.page.wait_for_timeout(700)
        text = visitor.page.evaluate(f"() => {QUERY}.getValue()")
        title = visitor.page.text_content(".graphiql-tab-active") or ""
        assert text == example["query"]
        assert example["name"] in title
    tabs = visitor.page.locator(".graphiql-tab").all_text_contents()
    assert sum("Typed" in title for title in tabs) == 3, "each is kept in the tab it was typed in"


def test_the_tab_of_the_example_that_was_opened_is_in_view(visit: Visit) -> None:
    visitor = visit()
    for example in EXAMPLES[:12]:
        visitor.open_example(example["name"])
    visitor.page.wait_for_function(
        """() => {
            const tab = document.querySelector('.graphiql-tab-active').getBoundingClientRect();
            const strip = document.querySelector('.graphiql-tabs').getBoundingClientRect();
            return tab.left >= strip.left && tab.right <= strip.right + 1;
        }"""
    )


def test_the_answer_is_the_one_that_any_client_gets(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("ArtistAndLabel")
    assert visitor.run() == {
        "data": {
            "artist": {"id": "QXJ0aXN0OjkxNA==", "name": "Royal Concertgebouw Orchestra"},
            "label": {"id": "TGFiZWw6MjEy", "name": "Les Indispensables de Diapason"},
        }
    }


def test_an_operation_is_explained_without_being_run(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("ListeningReport")
    visitor.facade.upstream.journal.clear()
    visitor.page.keyboard.press("Control+Shift+E")
    visitor.page.wait_for_selector(".plan li")
    steps = visitor.page.locator(".plan .target").all_text_contents()
    summary = visitor.page.text_content(".summary") or ""
    assert steps[0] == "GET /api/v1/listenings"
    assert re.fullmatch(r"At most \d+ upstream requests\.", summary)
    assert visitor.facade.upstream.journal.targets == []


def test_control_enter_runs_what_stands_in_the_editor(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.write("{ __typename }")
    visitor.page.click(".graphiql-query-editor .CodeMirror")
    visitor.page.keyboard.press("Control+Enter")
    assert visitor.answer() == {"data": {"__typename": "Query"}}


def looks(upstream: sandbox.Running) -> int:
    """How often the list of deliveries was asked for from its first page on."""
    pages = upstream.journal.matching("/api/v1/deliveries")
    return sum(entry.query["page"] == "1" for entry in pages)


def test_a_subscription_shows_what_comes_until_it_is_stopped(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("LiveDeliveries")
    page, upstream = visitor.page, visitor.facade.upstream
    page.click(".graphiql-execute-button")
    page.wait_for_selector(".summary >> text=0 events so far")
    today = upstream.database.today()
    todays = sandbox.listing("deliveries", since=today, until=today)
    deadline = time.monotonic() + 30
    # What the first look finds is not told: it is over once the second begins.
    while looks(upstream) < 2:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)
    number = upstream.database.insert(todays, 0)
    told = visitor.answer()["data"]["deliveryProcessed"]
    assert told["id"] == global_id("Delivery", number)
    assert told["album"]["title"]
    assert page.text_content(".summary") == "1 event so far"
    page.click(".graphiql-execute-button")
    page.wait_for_selector("[aria-label^='Execute query']")
    assert page.text_content(".summary") == "1 event"
    # Whoever listens asks five times a second; the look that has begun may end.
    deadline = time.monotonic() + 10
    asked = -1
    while asked != len(upstream.journal.entries):
        assert time.monotonic() < deadline, "somebody still listens"
        asked = len(upstream.journal.entries)
        page.wait_for_timeout(1_000)


def test_a_subscription_that_can_not_be_had_is_said_in_plain_words(visit: Visit) -> None:
    visitor = visit()
    visitor.write("subscription { deliveryProcessed { databaseId } }")
    answer = visitor.run()
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "Log in to ask for this" in (visitor.page.text_content(".notice") or "")


def test_without_a_token_the_page_says_to_log_in_and_helps(visit: Visit) -> None:
    visitor = visit()
    answer = visitor.run()
    notice = visitor.page.locator(".notice")
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "Log in to ask for this: the catalogue is for 1D touch users." in (
        notice.text_content() or ""
    )
    notice.locator("button").click()
    visitor.page.click("#login .primary")
    visitor.page.wait_for_selector(".who")
    assert (notice.text_content() or "").strip() == "You are logged in now: run it again."
    assert len(visitor.run()["data"]["albums"]["nodes"]) == 5
    assert notice.count() == 0


def test_what_is_wrong_with_an_operation_is_said_and_no_error_in_the_console(visit: Visit) -> None:
    visitor = visit()
    visitor.write("{ albums(first: 1 { nodes { title } } }")
    answer = visitor.run()
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert visitor.page.text_content(".notice b") == answer["errors"][0]["message"]


def test_signing_out_without_saying_which_token_is_said_to_be_that(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("SignOut")
    visitor.run()
    assert visitor.page.text_content(".notice") == "The token that is to be revoked is empty."


def test_a_stopped_upstream_is_said_in_plain_words(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("ArtistAndLabel")
    with visitor.facade.with_upstream_stopped():
        answer = visitor.run()
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert visitor.page.text_content(".notice") == (
        "The REST API fails, or can't be reached. (at 2 places) Try again in a moment."
    )
    assert len(visitor.run()["data"]) == 2


def test_a_server_that_is_gone_is_said_in_plain_words(visit: Visit) -> None:
    visitor = visit()
    visitor.page.context.set_offline(offline=True)
    answer = visitor.run()
    visitor.console.clear()  # the browser itself notes that the network is gone
    assert answer["errors"][0]["message"] == "The server does not answer. Is it still running?"
    assert visitor.page.text_content(".notice b") == answer["errors"][0]["message"]


def test_a_picture_in_an_answer_is_not_fetched_from_where_it_is(visit: Visit) -> None:
    visitor = visit()
    visitor.log_in()
    visitor.open_example("WholeAlbum")
    visitor.run()
    visitor.page.hover(".result-window .cm-string >> text=small_")
    visitor.page.wait_for_timeout(600)
    assert visitor.page.locator(".CodeMirror-info img").count() == 0


def test_an_operation_in_the_address_is_opened_and_not_run(visit: Visit) -> None:
    visitor = visit("?query=%7B%20labels%28first%3A%201%29%20%7B%20totalCount%20%7D%20%7D")
    visitor.page.wait_for_function(
        f"() => {QUERY}.getValue() === '{{ labels(first: 1) {{ totalCount }} }}'"
    )
    assert visitor.page.evaluate("() => location.search") == ""
    assert visitor.page.evaluate(f"() => {ANSWER}.getValue()") == ""


def test_our_descriptions_and_the_explorer_are_a_click_away(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    page.click('[aria-label="Show Documentation Explorer"]')
    page.click(".graphiql-doc-explorer >> text=Album >> nth=0")
    page.wait_for_selector("text=International code of the product: an EAN/UPC barcode.")
    page.click('[aria-label="Show GraphiQL Explorer"]')
    page.wait_for_selector(".graphiql-explorer-root >> text=deliveries")


def test_another_pane_and_another_page_of_the_documentation_start_at_their_tops(
    visit: Visit,
) -> None:
    visitor = visit()
    page = visitor.page
    scroll = "() => { document.querySelector('.graphiql-plugin').scrollTop = 300; }"
    page.evaluate(scroll)
    page.click('[aria-label="Show Documentation Explorer"]')
    page.wait_for_selector(".graphiql-doc-explorer-title >> text=Docs")
    place = "() => document.querySelector('.graphiql-plugin').scrollTop"
    assert page.evaluate(place) == 0
    page.evaluate(scroll)
    page.click(".graphiql-doc-explorer >> text=Delivery >> nth=0")
    page.wait_for_selector(".graphiql-doc-explorer-title >> text=Delivery")
    assert page.evaluate(place) == 0


def test_on_a_phone_panes_stand_under_each_other_and_nothing_is_cut_off(visit: Visit) -> None:
    visitor = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = visitor.page
    visitor.log_in()
    page.click('[aria-label="Show Examples"]')
    page.wait_for_selector("[data-example=FirstLook]", state="visible")
    visitor.open_example("FirstLook")
    assert not page.is_visible("[data-example=FirstLook]")
    visitor.run()
    page.wait_for_selector(".waterfall")
    for place in (".bar", ".graphiql-execute-button", ".result-window", ".costs", ".waterfall li"):
        assert in_view(page, place), place
    assert page.evaluate("() => document.scrollingElement.scrollWidth") == 360
    editor, answer = (
        page.locator(each).bounding_box() for each in (".graphiql-editors", ".graphiql-response")
    )
    assert editor is not None
    assert answer is not None
    assert editor["y"] + editor["height"] <= answer["y"]


def test_on_a_phone_on_its_side_nothing_lies_over_anything_else(visit: Visit) -> None:
    visitor = visit(viewport={"width": 740, "height": 360}, has_touch=True, is_mobile=True)
    visitor.log_in()
    visitor.run()
    places = visitor.page.evaluate(
        """() => ['.graphiql-query-editor', '.graphiql-editor-tools', '.graphiql-editor-tool',
                  '.graphiql-response', '.costs'].map((selector) => {
            const { top, bottom } = document.querySelector(selector).getBoundingClientRect();
            return [Math.round(top), Math.round(bottom)];
        })"""
    )
    query, tools, variables, response, costs = places
    assert query[1] <= tools[0]
    assert tools[1] <= variables[0]
    assert variables[1] <= response[0]
    assert costs[1] <= response[1]
    visitor.page.locator(".costs .explain").scroll_into_view_if_needed()
    assert in_view(visitor.page, ".costs .explain")


def test_on_a_phone_several_mistakes_leave_room_for_the_answer(visit: Visit) -> None:
    visitor = visit(viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True)
    visitor.log_in()
    visitor.write(
        '{ a: album(id: "x") { id } b: node(id: "x") { id } c: node(id: "RGVsaXZlcnk6MQ==") { id }'
        " albums(first: 1) { totalCount } }"
    )
    visitor.run()
    visitor.page.wait_for_selector(".notice >> nth=2")
    bottoms = visitor.page.evaluate(
        """() => ['.costs-head', '.graphiql-response'].map((selector) =>
            document.querySelector(selector).getBoundingClientRect().bottom)"""
    )
    assert bottoms[0] <= bottoms[1]
    answer = visitor.page.locator(".result-window").bounding_box()
    assert answer is not None
    assert answer["height"] >= 24, "a line of it"


def test_on_a_phone_long_lines_and_the_settings_are_seen_whole(visit: Visit) -> None:
    visitor = visit(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page = visitor.page
    page.click('[aria-label="Show Examples"]')
    visitor.open_example("ListeningReport")
    hidden = page.evaluate(
        f"() => {{ const {{ width, clientWidth }} = {QUERY}.getScrollInfo();"
        " return width - clientWidth; }"
    )
    assert hidden <= 0
    bar = page.locator(".bar").bounding_box()
    assert bar is not None
    assert bar["height"] < 60, "its buttons stand in one line"
    page.click('[aria-label="Open settings dialog"]')
    dark = page.locator(".graphiql-dialog >> text=Dark").bounding_box()
    dialog = page.locator(".graphiql-dialog").bounding_box()
    cross = page.evaluate(
        "() => document.querySelector('.graphiql-dialog-close svg > :not(title)')"
        ".getBoundingClientRect().width"
    )
    assert dark is not None
    assert dialog is not None
    assert dark["x"] + dark["width"] <= dialog["x"] + dialog["width"]
    assert cross > 5


def in_view(page: "Page", selector: str) -> bool:
    """Whether the middle of an element can be seen, and all of its width."""
    seen = page.evaluate(
        """(selector) => {
            const element = document.querySelector(selector);
            const { left, right, top, bottom } = element.getBoundingClientRect();
            const middle = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
            return left >= 0 && right <= innerWidth && middle !== null
                && (element.contains(middle) || middle.contains(element));
        }""",
        selector,
    )
    return bool(seen)


def darkness(page: "Page") -> list[bool]:
    """Whether bar, editor and answer are dark."""
    colours = page.evaluate(
        """() => ['body', '.graphiql-container', '.graphiql-editors'].map((selector) =>
            getComputedStyle(document.querySelector(selector)).backgroundColor)"""
    )
    return [sum(map(int, re.findall(r"\d+", colour)[:3])) < 3 * 128 for colour in colours]


def test_the_system_says_whether_it_is_dark_and_the_visitor_may_overrule_it(visit: Visit) -> None:
    visitor = visit(color_scheme="dark")
    page = visitor.page
    by_system = darkness(page)
    page.click('[aria-label="Open settings dialog"]')
    page.click(".graphiql-dialog >> text=Light")
    by_choice = darkness(page)
    page.keyboard.press("Escape")
    visitor.arrive()
    page.wait_for_selector("body.graphiql-light")
    assert by_system == [True, True, True]
    assert by_choice == darkness(page) == [False, False, False]

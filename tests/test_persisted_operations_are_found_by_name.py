"""Persisted operations: trusted documents and automatic persisted queries."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.redis_server import RedisServer
from tests.upstream_asked import Watching
from upstream.observer import Nobody, Observer
from upstream.policy import Policy
from web.persisted import MemoryStore, Persisted, Resolved, trusted_documents
from web.persisted_redis import PREFIX, RedisStore
from web.request_errors import RequestError

TEXT = "{ albums { nodes { title } } }"
OTHER = "{ artists { nodes { name } } }"


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def by_hash(text: str, version: object = 1) -> dict[str, Any]:
    return {"persistedQuery": {"version": version, "sha256Hash": digest(text)}}


async def refusal_of(
    persisted: Persisted,
    query: str | None = None,
    document_id: str | None = None,
    extensions: dict[str, Any] | None = None,
) -> tuple[str, str]:
    """The code and the sentence with which a request is refused."""
    with pytest.raises(RequestError) as refused:
        await persisted.resolve(query, document_id, extensions)
    return (refused.value.extensions or {})["code"], refused.value.message


async def test_a_text_alone_is_what_it_is() -> None:
    persisted = Persisted(store=MemoryStore())

    assert await persisted.resolve(TEXT, None, None) == Resolved(TEXT)
    assert await persisted.resolve(TEXT, None, {"other": 1}) == Resolved(TEXT)


async def test_a_request_without_any_document_is_bad_input() -> None:
    assert await refusal_of(Persisted(), "") == (
        "BAD_USER_INPUT",
        "There is no GraphQL document: send `query`, or name one that is known here.",
    )


async def test_an_unknown_hash_is_not_found_in_the_words_of_apollo() -> None:
    persisted = Persisted(store=MemoryStore())

    assert await refusal_of(persisted, None, None, by_hash(TEXT)) == (
        "PERSISTED_QUERY_NOT_FOUND",
        "PersistedQueryNotFound",
    )


async def test_a_hash_is_known_once_its_text_was_kept() -> None:
    persisted = Persisted(store=MemoryStore())

    sent = await persisted.resolve(TEXT, None, by_hash(TEXT))
    await refusal_of(persisted, None, None, by_hash(TEXT))
    await persisted.keep(sent)

    assert sent.register == digest(TEXT)
    assert await persisted.resolve(None, None, by_hash(TEXT)) == Resolved(TEXT)


async def test_a_text_without_its_hash_is_not_kept() -> None:
    persisted = Persisted(store=MemoryStore())

    await persisted.keep(await persisted.resolve(TEXT))

    assert (await refusal_of(persisted, None, None, by_hash(TEXT)))[1] == "PersistedQueryNotFound"


async def test_a_hash_that_is_not_the_texts_is_bad_input() -> None:
    persisted = Persisted(store=MemoryStore())

    assert await refusal_of(persisted, TEXT, None, by_hash(OTHER)) == (
        "BAD_USER_INPUT",
        "The persisted query's hash is not its text's.",
    )


async def test_without_a_store_clients_are_told_to_send_texts() -> None:
    assert await refusal_of(Persisted(), None, None, by_hash(TEXT)) == (
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "PersistedQueryNotSupported",
    )


@pytest.mark.parametrize(
    "extension",
    [
        "text",
        [],
        {},
        {"version": 2, "sha256Hash": "0" * 64},
        {"version": True, "sha256Hash": "0" * 64},
        {"version": 1},
        {"version": 1, "sha256Hash": 7},
        {"version": 1, "sha256Hash": "0" * 63},
        {"version": 1, "sha256Hash": "G" * 64},
        {"version": 1, "sha256Hash": "0" * 64 + "\n"},
    ],
)
async def test_a_malformed_extension_is_bad_input(extension: object) -> None:
    persisted = Persisted(store=MemoryStore())

    code, _ = await refusal_of(persisted, TEXT, None, {"persistedQuery": extension})

    assert code == "BAD_USER_INPUT"


async def test_the_memory_of_texts_is_bounded() -> None:
    store = MemoryStore(entries=2, characters=1_000)
    for text in ("a", "b", "c"):
        await store.put(digest(text), text)
    await store.put(digest("long"), "long" * 1_000)

    assert [await store.get(digest(text)) for text in ("a", "b", "c", "long")] == [
        None,
        "b",
        "c",
        None,
    ]


def trusting(*, only_trusted: bool = False) -> Persisted:
    return Persisted(
        {digest(TEXT): TEXT, "app/artists": OTHER},
        only_trusted=only_trusted,
        store=MemoryStore(),
    )


@pytest.mark.parametrize("document_id", [digest(TEXT), f"sha256:{digest(TEXT)}"])
async def test_a_trusted_document_is_found_by_its_hash(document_id: str) -> None:
    assert await trusting().resolve(None, document_id) == Resolved(TEXT, trusted=True)


async def test_a_trusted_document_is_found_by_its_id_in_a_manifest() -> None:
    assert await trusting().resolve(None, "app/artists") == Resolved(OTHER, trusted=True)


@pytest.mark.parametrize("text", [TEXT, OTHER])
async def test_a_trusted_document_is_found_as_a_persisted_query_is(text: str) -> None:
    assert await trusting().resolve(None, None, by_hash(text)) == Resolved(text, trusted=True)


async def test_a_trusted_text_is_trusted_when_it_is_sent_whole() -> None:
    assert await trusting().resolve(TEXT) == Resolved(TEXT, trusted=True)
    assert await trusting().resolve(TEXT, None, by_hash(TEXT)) == Resolved(TEXT, trusted=True)


async def test_an_unknown_id_is_bad_input() -> None:
    assert await refusal_of(trusting(), None, "app/labels") == (
        "BAD_USER_INPUT",
        "No trusted document has this ID.",
    )


async def test_an_id_and_another_text_contradict_each_other() -> None:
    assert await refusal_of(trusting(), TEXT, "app/artists") == (
        "BAD_USER_INPUT",
        "The ID and `query` mean different documents.",
    )
    assert await trusting().resolve(OTHER, "app/artists") == Resolved(OTHER, trusted=True)


async def test_only_trusted_documents_run_where_that_is_chosen() -> None:
    persisted = trusting(only_trusted=True)
    refused = (
        "FORBIDDEN",
        "This server executes trusted documents only, and this is none of them.",
    )

    assert await refusal_of(persisted, "{ __typename }") == refused
    assert await refusal_of(persisted, "{ a }", None, by_hash("{ a }")) == refused
    assert await refusal_of(persisted, None, None, by_hash("{ a }")) == refused
    assert (await persisted.resolve(TEXT)).trusted
    assert (await persisted.resolve(None, "app/artists")).trusted


def test_the_files_of_a_folder_are_trusted_by_the_hash_of_their_bytes(tmp_path: Path) -> None:
    (tmp_path / "frontend").mkdir()
    (tmp_path / "frontend" / "Albums.graphql").write_bytes(b"# caf\xc3\xa9\r\n{ albums }\n")
    (tmp_path / "frontend" / "Albums.variables.json").write_text('{"first": 3}')
    (tmp_path / "notes.txt").write_text("nothing")

    assert trusted_documents(tmp_path) == {
        sha256(b"# caf\xc3\xa9\r\n{ albums }\n").hexdigest(): "# café\r\n{ albums }\n"
    }


def test_the_manifests_of_apollo_and_relay_are_read(tmp_path: Path) -> None:
    (tmp_path / "apollo.json").write_text(
        json.dumps(
            {
                "format": "apollo-persisted-query-manifest",
                "version": 1,
                "operations": [{"id": "a1", "name": "A", "type": "query", "body": TEXT}],
            }
        )
    )
    (tmp_path / "persisted.json").write_text(json.dumps({"r1": OTHER}))
    (tmp_path / "list.json").write_text("[1]")

    assert trusted_documents(tmp_path) == {"a1": TEXT, "r1": OTHER}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("broken.json", b"{"),
        ("latin.graphql", b"\xe9"),
        ("latin.json", b'"\xe9"'),
        ("persisted.json", b'{"a": 1}'),
        ("apollo.json", b'{"format": "apollo-persisted-query-manifest", "operations": [{}]}'),
    ],
)
def test_a_file_that_is_none_is_a_clear_error(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ValueError, match=f"^{name} "):
        trusted_documents(tmp_path)


def store_in(
    redis: RedisServer, observer: Observer | None = None, *, redis_pause: float = 2
) -> RedisStore:
    """A store in this Redis, which has time to answer."""
    policy = Policy(redis_url=redis.url, redis_timeout=5, redis_pause=redis_pause)
    return RedisStore(redis.url, policy, observer or Nobody())


async def test_replicas_share_texts_through_redis(redis: RedisServer) -> None:
    one, other = (Persisted(store=store_in(redis)) for _ in range(2))

    await one.keep(await one.resolve(TEXT, None, by_hash(TEXT)))

    assert await other.resolve(None, None, by_hash(TEXT)) == Resolved(TEXT)
    assert (await refusal_of(other, None, None, by_hash(OTHER)))[1] == "PersistedQueryNotFound"
    await one.close()
    await other.close()


async def test_many_texts_at_once_are_all_found_in_redis(redis: RedisServer) -> None:
    watching = Watching()
    one, other = store_in(redis, watching), store_in(redis, watching)
    texts = [f"{{ __typename # {number}\n}}" for number in range(300)]

    await asyncio.gather(*(one.put(digest(text), text) for text in texts))
    found = await asyncio.gather(*(other.get(digest(text)) for text in texts))

    assert found == texts
    assert watching.of("redis") == []
    await one.close()
    await other.close()


async def test_without_redis_texts_are_kept_here_and_redis_is_left_alone_for_a_while(
    redis: RedisServer,
) -> None:
    watching = Watching()
    store = store_in(redis, watching, redis_pause=60)
    await asyncio.to_thread(redis.stop)

    await store.put(digest(TEXT), TEXT)
    assert await store.get(digest(TEXT)) == TEXT
    assert await store.get(digest(OTHER)) is None
    await store.put(digest(OTHER), OTHER)

    assert watching.of("redis") == [("write",)]
    await store.close()


async def test_redis_is_asked_again_after_the_pause(redis: RedisServer) -> None:
    watching = Watching()
    store = store_in(redis, watching, redis_pause=0.01)
    await asyncio.to_thread(redis.stop)
    assert await store.get(digest(TEXT)) is None
    assert watching.of("redis") == [("read",)]

    await asyncio.to_thread(redis.start)
    await store.put(digest(TEXT), TEXT)
    fresh = store_in(redis)

    assert await fresh.get(digest(TEXT)) == TEXT
    await store.close()
    await fresh.close()


async def test_what_another_has_put_into_redis_under_a_hash_is_not_its_text(
    redis: RedisServer,
) -> None:
    store, other = store_in(redis), "{artists{nodes{name}}}"
    key = PREFIX + digest(TEXT)
    assert b"OK" in redis.command("SET", key, other)
    assert other.encode() in redis.command("GET", key)

    assert await store.get(digest(TEXT)) is None
    await store.close()


async def test_an_id_that_is_none_of_ours_may_come_with_its_text() -> None:
    persisted = Persisted({"list": OTHER}, store=MemoryStore())

    assert await persisted.resolve(TEXT, "theirs", None) == Resolved(TEXT)


async def test_redis_keeps_a_text_for_a_day(redis: RedisServer) -> None:
    store = store_in(redis)
    await store.put(digest(TEXT), TEXT)
    await store.close()

    seconds = int(redis.command("TTL", PREFIX + digest(TEXT)).strip().lstrip(b":"))
    assert 86_390 < seconds <= 86_400


async def test_a_hash_that_is_not_its_texts_is_refused_where_none_are_kept_as_well() -> None:
    assert await refusal_of(Persisted(), TEXT, None, by_hash(OTHER)) == (
        "BAD_USER_INPUT",
        "The persisted query's hash is not its text's.",
    )


@pytest.mark.parametrize("version", [True, 1.0, "1", 2])
async def test_what_only_looks_like_version_1_is_none(version: object) -> None:
    persisted = Persisted(store=MemoryStore())

    assert await refusal_of(persisted, TEXT, None, by_hash(TEXT, version)) == (
        "BAD_USER_INPUT",
        "Persisted queries are spoken in version 1 only.",
    )


async def test_a_text_from_redis_is_at_hand_the_next_time(redis: RedisServer) -> None:
    one, other = store_in(redis), store_in(redis)
    await one.put(digest(TEXT), TEXT)
    assert await other.get(digest(TEXT)) == TEXT
    await asyncio.to_thread(redis.stop)

    assert await other.get(digest(TEXT)) == TEXT
    await one.close()
    await other.close()

"""Persisted operations: documents that a request names instead of carrying them.

Two ways, which a request may mix with sending its text:

- trusted documents, the operator's own: the files of a folder, named by their SHA-256
  (`documentId: "sha256:..."`, or the bare hexadecimals), or by the ids of a manifest that Apollo's
  or Relay's compiler wrote. With `only_trusted` nothing else is executed.
- automatic persisted queries (APQ), as Apollo's clients speak it: a hash alone first, and where
  that is unknown, the hash with the text, which is kept for the next time.

APQ's clients look for the message PersistedQueryNotFound (Apollo Client also for the code
PERSISTED_QUERY_NOT_FOUND), so these two are as Apollo has them, and no code of ours.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

from upstream.recent import Recent

from .request_errors import RequestError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")

_UNKNOWN: Final = "No trusted document has this ID."
_NOT_TRUSTED: Final = "This server executes trusted documents only, and this is none of them."
_NOTHING: Final = "There is no GraphQL document: send `query`, or name one that is known here."


@dataclass(frozen=True, slots=True)
class Resolved:
    """The text of the document that a request means.

    `trusted` is whether it is one of the operator's. `register` is the hash under which it may
    be kept, once it proves to be valid; None where it is kept already or must not be.
    """

    text: str
    trusted: bool = False
    register: str | None = None


class Store(Protocol):
    """Where automatic persisted queries are kept, by the SHA-256 of their text."""

    async def get(self, digest: str) -> str | None:
        """The text with this hash; None where it is not known, or can't be had."""

    async def put(self, digest: str, text: str) -> None:
        """Keep a text, as well as it goes."""

    async def close(self) -> None:
        """Let go of what is held."""


class MemoryStore:
    """Texts in this process, bounded."""

    def __init__(self, entries: int = 1_000, characters: int = 1_000_000) -> None:
        self._texts = Recent[str](entries, characters)

    async def get(self, digest: str) -> str | None:
        """The text with this hash; None where it is not known."""
        return self._texts.get(digest)

    async def put(self, digest: str, text: str) -> None:
        """Keep a text; those that were used least lately make room."""
        self._texts.put(digest, text, len(text))

    async def close(self) -> None:
        """Nothing is held that would have to be let go of."""


class Persisted:
    """What a request's names stand for."""

    def __init__(
        self,
        trusted: Mapping[str, str] | None = None,
        *,
        only_trusted: bool = False,
        store: Store | None = None,
    ) -> None:
        """`trusted` are texts by ID; without a store there are no automatic persisted queries."""
        self._trusted = dict(trusted or {})
        # a client may send a trusted text itself, or its hash whatever its ID is
        self._trusted_texts = frozenset(self._trusted.values())
        for text in self._trusted_texts:
            self._trusted.setdefault(_digest(text), text)
        self._only_trusted = only_trusted
        self._store = store

    async def resolve(
        self,
        query: str | None,
        document_id: str | None = None,
        extensions: Mapping[str, Any] | None = None,
    ) -> Resolved:
        """The document that a request means; raises RequestError where it means none.

        Where both a text and an ID are sent, they must mean the same.
        """
        digest = _persisted_hash(extensions)
        if query:
            return self._sent(query, document_id, digest)
        if document_id:
            text = self._trusted.get(document_id.removeprefix("sha256:"))
            if text is None:
                raise RequestError("BAD_USER_INPUT", _UNKNOWN)
            return Resolved(text, trusted=True)
        if digest is None:
            raise RequestError("BAD_USER_INPUT", _NOTHING)
        text = self._trusted.get(digest)
        if text is not None:
            return Resolved(text, trusted=True)
        if self._only_trusted:
            raise RequestError("FORBIDDEN", _NOT_TRUSTED)
        if self._store is None:
            raise RequestError("PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
        text = await self._store.get(digest)
        if text is None:
            raise RequestError("PERSISTED_QUERY_NOT_FOUND", "PersistedQueryNotFound")
        return Resolved(text)

    async def keep(self, resolved: Resolved) -> None:
        """Register a document that was sent with its hash; only a valid one may come here."""
        if resolved.register is not None and self._store is not None:
            await self._store.put(resolved.register, resolved.text)

    async def close(self) -> None:
        """Let go of the store's connections."""
        if self._store is not None:
            await self._store.close()

    def _sent(self, query: str, document_id: str | None, digest: str | None) -> Resolved:
        if digest is not None and _digest(query) != digest:
            raise RequestError("BAD_USER_INPUT", "The persisted query's hash is not its text's.")
        if document_id:
            named = self._trusted.get(document_id.removeprefix("sha256:"))
            if named is not None and named != query:
                raise RequestError("BAD_USER_INPUT", "The ID and `query` mean different documents.")
        if query in self._trusted_texts:
            return Resolved(query, trusted=True)
        if self._only_trusted:
            raise RequestError("FORBIDDEN", _NOT_TRUSTED)
        return Resolved(query, register=digest)


def trusted_documents(place: Path) -> dict[str, str]:
    """The documents in a folder, and below it, by ID; raises ValueError where one is no text.

    A `.graphql` file is one document; its ID is the SHA-256 of its bytes. A `.json` file may be
    a manifest: Apollo's (`"format": "apollo-persisted-query-manifest"`), or Relay's, a map from
    ID to text that is named persisted.json or queryMap.json; any other is none of ours.
    """
    documents: dict[str, str] = {}
    for path in sorted(place.rglob("*.graphql")):
        text = _text_in(path)
        documents[_digest(text)] = text
    for path in sorted(place.rglob("*.json")):
        documents |= _manifest(path)
    return documents


def _manifest(path: Path) -> dict[str, str]:
    try:
        manifest = json.loads(_text_in(path))
    except ValueError:
        raise ValueError(f"{path.name} is not JSON in UTF-8") from None
    if not isinstance(manifest, dict):
        return {}
    if manifest.get("format") == "apollo-persisted-query-manifest":
        operations = manifest.get("operations")
        pairs = [
            (each.get("id"), each.get("body"))
            for each in (operations if isinstance(operations, list) else ())
            if isinstance(each, dict)
        ]
    elif path.name in {"persisted.json", "queryMap.json"}:
        pairs = list(manifest.items())
    else:
        return {}
    found = {key: text for key, text in pairs if isinstance(key, str) and isinstance(text, str)}
    if len(found) < len(pairs):
        raise ValueError(f"{path.name} has an operation without a text, or two of one ID")
    return found


def _text_in(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not in UTF-8") from None


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _persisted_hash(extensions: Mapping[str, Any] | None) -> str | None:
    """The hash in the extension of APQ, None without it; raises RequestError for a bad one."""
    asked = extensions.get("persistedQuery") if extensions else None
    if asked is None:
        return None
    version = asked.get("version") if isinstance(asked, dict) else None
    if type(version) is not int or version != 1:
        raise RequestError("BAD_USER_INPUT", "Persisted queries are spoken in version 1 only.")
    digest = asked.get("sha256Hash")
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise RequestError("BAD_USER_INPUT", "A persisted query's sha256Hash is 64 hexadecimals.")
    return digest

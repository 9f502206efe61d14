"""The shaping of answers: what effects make of the REST API's own answer before it is sent."""

import gzip
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final

from .effects import (
    Caching,
    Compressed,
    Edit,
    Headers,
    Junk,
    JunkForm,
    Link,
    Paging,
    Shaping,
    Status,
)
from .rest import LARGEST_PAGE, Answer, Asked, Manner, refusal

DIGITS: Final = 10_000
BRACKETS: Final = 100_000

_HTML: Final = b"<!DOCTYPE html><html><head><title>Oops</title></head><body><h1>Oops</h1></body>\n"
_FIXED_JUNK: Final[dict[JunkForm, bytes]] = {
    "text": b"Something went wrong, sorry.",
    "html": _HTML,
    "empty": b"",
    "utf8": b'[{"id": 1, "name": "caf\xe9 \xff\xfe", "title": "\xc3"}]',
    "object": b'{"unexpected": {"id": 1}}',
    "list": b"[[1, 2], [3]]",
    "string": b'"unexpected"',
    "number": b"12",
    "null": b"null",
    "nan": b'[{"id": NaN, "name": Infinity, "title": -Infinity}]',
    "deep": b"[" * BRACKETS,
}


def shaped_manner(manner: Manner, shaping: Sequence[Shaping], table: str) -> Manner:
    """The manner in which one list is served under its effects."""
    for effect in shaping:
        if isinstance(effect, Link):
            manner = replace(manner, links=effect.form)
        elif isinstance(effect, Paging):
            ignored = manner.per_page_ignored
            if effect.ignored is not None:
                ignored = ignored | {table} if effect.ignored else ignored - {table}
            manner = replace(
                manner,
                per_page_ignored=ignored,
                largest_page=min(effect.maximum or LARGEST_PAGE, manner.largest_page),
            )
    return manner


def shaped_answer(answer: Answer, shaping: Sequence[Shaping], asked: Asked) -> Answer:
    """The answer under its effects: edited first, compressed last, in whatever order they stand."""
    for edit in (effect for effect in shaping if isinstance(effect, Edit)):
        if answer.status == HTTPStatus.OK:
            answer = edited(answer, edit)
    for effect in shaping:
        if isinstance(effect, Headers):
            headers = {**answer.headers, **effect.values}
            answer = replace(
                answer, headers={name: value for name, value in headers.items() if value}
            )
    for effect in shaping:
        if isinstance(effect, Caching) and answer.status == HTTPStatus.OK:
            answer = _cacheable(answer, effect, asked)
    if any(isinstance(effect, Compressed) for effect in shaping) and answer.body:
        body = gzip.compress(answer.body, compresslevel=1, mtime=0)
        answer = replace(answer, body=body).with_headers(Content_Encoding="gzip")
    return answer


def edited(answer: Answer, edit: Edit) -> Answer:
    """The answer with its items changed as an edit says."""
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError):
        return answer  # another order made junk of it already
    steps = edit.steps()
    if isinstance(content, list):
        kept = []
        for position, item in enumerate(content):
            chosen = edit.position in {None, position} and edit.id in {None, _number(item)}
            if chosen and not steps and edit.delete:
                continue
            kept.append(_changed(item, steps, edit) if chosen else item)
        content = kept
    elif edit.id in {None, _number(content)}:
        content = _changed(content, steps, edit)
    return replace(answer, body=json.dumps(content, ensure_ascii=False).encode())


def _number(item: Any) -> Any:
    return item.get("id") if isinstance(item, dict) else None


def _changed(content: Any, steps: Sequence[str | int], edit: Edit) -> Any:
    """What a part of an answer becomes; what the path does not fit stays as it is."""
    if not steps:
        return edit.value
    step, rest = steps[0], steps[1:]
    if isinstance(content, list):
        chosen = range(len(content)) if step == "[*]" else [step]
        places = [place for place in chosen if isinstance(place, int) and place < len(content)]
        if edit.delete and not rest:
            return [item for place, item in enumerate(content) if place not in places]
        for place in places:
            content[place] = _changed(content[place], rest, edit)
    elif isinstance(content, dict) and isinstance(step, str) and step != "[*]":
        if edit.delete and not rest:
            content.pop(step, None)
        elif step in content or not rest:
            content[step] = _changed(content.get(step), rest, edit)
    return content


def _cacheable(answer: Answer, caching: Caching, asked: Asked) -> Answer:
    if caching.cache_control is not None:
        answer = answer.with_headers(Cache_Control=caching.cache_control)
    if not caching.etag:
        return answer
    opaque = f'"{hashlib.blake2s(answer.body, digest_size=12).hexdigest()}"'
    answer = answer.with_headers(ETag=f"W/{opaque}" if caching.weak else opaque)
    known = [tag.strip() for tag in asked.headers.get("If-None-Match", "").split(",")]
    # RFC 9110, 13.1.2: weak comparison, whatever the tag's own strength.
    if "*" in known or opaque in (tag.removeprefix("W/") for tag in known):
        headers = {name: value for name, value in answer.headers.items() if name != "Content-Type"}
        return Answer(HTTPStatus.NOT_MODIFIED, b"", headers)
    return answer


def refused(status: Status) -> Answer:
    """The answer that a status effect gives."""
    try:
        phrase = HTTPStatus(status.status).phrase
    except ValueError:
        phrase = "Unknown"
    answer = refusal(status.status, phrase.lower().replace(" ", "_"), f"{phrase}, as ordered.")
    if status.body is not None:
        answer = replace(answer, body=status.body.encode())
    headers = {
        "Content-Type": status.content_type,
        "Retry-After": None if status.retry_after is None else str(status.retry_after),
        "Location": status.location,
    }
    if status.retry_at is not None:
        headers["Retry-After"] = formatdate(time.time() + status.retry_at, usegmt=True)
    given = {name: value for name, value in headers.items() if value is not None}
    return replace(answer, headers={**answer.headers, **given})


def junk_in_place_of(answer: Answer, junk: Junk) -> Answer:
    """The answer that a junk effect gives where the true one would have been `answer`."""
    fixed = _FIXED_JUNK.get(junk.form)
    if fixed is not None:
        made = Answer(HTTPStatus.OK, fixed)
        html = {"Content-Type": "text/html; charset=utf-8"}
        return replace(made, headers=html) if junk.form == "html" else made
    content = json.loads(answer.body)
    makers: dict[str, Callable[[Any], bytes]] = {"swapped": _swapped, "digits": _with_digits}
    return replace(answer, status=HTTPStatus.OK, body=makers[junk.form](content))


def _swapped(content: Any) -> bytes:
    swapped = {"items": content} if isinstance(content, list) else [content]
    return json.dumps(swapped, ensure_ascii=False).encode()


def _with_digits(content: Any) -> bytes:
    # json refuses to write such a number itself: a mark takes its place.
    items = content if isinstance(content, list) else [content]
    for item in items:
        item["id"] = "\x00"
    return json.dumps(content, ensure_ascii=False).encode().replace(b'"\\u0000"', b"9" * DIGITS)

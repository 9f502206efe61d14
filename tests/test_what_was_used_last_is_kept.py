"""What was used last is kept, bounded in entries and size."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.cache import Cache
from upstream.recent import Recent


def test_a_text_too_long_to_be_kept_pushes_nothing_out() -> None:
    recent = Recent[int](entries=3, size=10)
    recent.put("short", 1)
    recent.put("longer than ten", 2)

    assert (recent.get("short"), recent.get("longer than ten")) == (1, None)


@given(
    st.lists(
        st.tuples(st.sampled_from(["get", "take", "put"]), st.text("ab", min_size=1, max_size=4))
    )
)
def test_never_is_more_kept_than_may_be_and_what_was_used_last_stays(
    steps: list[tuple[str, str]],
) -> None:
    recent = Recent[str](entries=3, size=8)
    # the oracle: a plain list, the last used at its end
    held: list[str] = []
    for step, text in steps:
        known = text in held
        if step == "put" and not known:
            recent.put(text, text)
            held.append(text)
            while len(held) > 3 or sum(map(len, held)) > 8:
                held.pop(0)
        elif step != "put":
            found = recent.get(text) if step == "get" else recent.take(text)
            assert found == (text if known else None)
            if known:
                held.remove(text)
            if known and step == "get":
                held.append(text)
        assert len(recent) == len(held)
        assert recent.size == sum(map(len, held))


def test_what_is_put_again_takes_its_old_place_and_size() -> None:
    recent = Recent[int](entries=3, size=10)
    recent.put("a", 1, size=9)
    recent.put("a", 2, size=4)

    assert (recent.get("a"), recent.size, len(recent)) == (2, 4, 1)


def test_a_token_that_was_seen_lately_is_not_forgotten_for_a_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("upstream.cache._MOST_SHELVES", 2)
    cache = Cache(1_000)
    often, once = cache.shelf(b"often"), cache.shelf(b"once")
    cache.shelf(b"often")
    cache.shelf(b"new")
    assert often.live
    assert not once.live

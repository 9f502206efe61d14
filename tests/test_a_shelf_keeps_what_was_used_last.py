"""A shelf: bounded in entries and size, and what was used last stays."""

from hypothesis import given
from hypothesis import strategies as st

from web.shelf import Shelf


def test_a_text_too_long_for_its_shelf_pushes_nothing_out() -> None:
    shelf = Shelf[int](entries=3, size=10)
    shelf.put("short", 1)
    shelf.put("longer than ten", 2)

    assert (shelf.get("short"), shelf.get("longer than ten")) == (1, None)


@given(
    st.lists(
        st.tuples(st.sampled_from(["get", "take", "put"]), st.text("ab", min_size=1, max_size=4))
    )
)
def test_a_shelf_never_holds_more_than_it_may_and_keeps_what_was_used_last(
    steps: list[tuple[str, str]],
) -> None:
    shelf = Shelf[str](entries=3, size=8)
    # the oracle: a plain list, the last used at its end
    held: list[str] = []
    for step, text in steps:
        known = text in held
        if step == "put" and not known:
            shelf.put(text, text)
            held.append(text)
            while len(held) > 3 or sum(map(len, held)) > 8:
                held.pop(0)
        elif step != "put":
            found = shelf.get(text) if step == "get" else shelf.take(text)
            assert found == (text if known else None)
            if known:
                held.remove(text)
            if known and step == "get":
                held.append(text)
        assert len(shelf) == len(held)
        assert shelf.size == sum(map(len, held))


def test_what_is_put_again_takes_its_old_place_and_size() -> None:
    shelf = Shelf[int](entries=3, size=10)
    shelf.put("a", 1, size=9)
    shelf.put("a", 2, size=4)

    assert (shelf.get("a"), shelf.size, len(shelf)) == (2, 4, 1)

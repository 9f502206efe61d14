"""A global ID names one object, in one spelling; anything else is refused before any request."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import BadUserInput
from resolvers.global_ids import LARGEST_NUMBER, global_id, number_in, split_global_id


def test_a_global_id_is_the_base64_of_type_and_number() -> None:
    assert global_id("Album", 273) == "QWxidW06Mjcz"
    assert split_global_id("QWxidW06Mjcz") == ("Album", 273)


@given(st.sampled_from(["Album", "Artist", "Delivery"]), st.integers(0, LARGEST_NUMBER))
def test_a_global_id_says_what_it_was_made_of(type_name: str, number: int) -> None:
    assert split_global_id(global_id(type_name, number)) == (type_name, number)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "273",
        "QWxidW06Mjcz=",
        "QWxidW06Mjcz\n",
        " QWxidW06Mjcz",
        "QWxidW06Mjc",
        "QWxidW0",
        "QWxidW06",
        "QWxidW06LTE=",  # Album:-1
        "QWxidW06MDI3Mw==",  # Album:0273
        "QWxidW06MjE0NzQ4MzY0OA==",  # Album:2147483648
        "QWxidW06MjczOjE=",  # Album:273:1
        "QWxidW06Mjd=",  # not the spelling of its bytes
        "\uff21lbum",
        "QWxidW06\u0663",
        "A" * 65,
        "QWxidW06Mjcz" * 10_000,
    ],
)
def test_any_other_text_is_no_global_id(text: str) -> None:
    with pytest.raises(BadUserInput):
        split_global_id(text)


@given(st.text(max_size=80))
def test_whatever_is_taken_is_the_one_spelling(text: str) -> None:
    try:
        type_name, number = split_global_id(text)
    except BadUserInput:
        return
    assert global_id(type_name, number) == text


def test_a_bare_number_is_taken_where_the_type_is_known() -> None:
    assert number_in("273", "Album") == 273
    assert number_in("0", "Album") == 0
    assert number_in("QWxidW06Mjcz", "Album") == 273


@pytest.mark.parametrize("text", ["-1", "+1", "0273", "2147483648", "1.0", "1e3", "٣", "²", ""])
def test_a_number_has_one_spelling_too(text: str) -> None:
    with pytest.raises(BadUserInput, match="neither a global ID nor a number"):
        number_in(text, "Album")


def test_the_id_of_another_type_is_refused() -> None:
    with pytest.raises(BadUserInput, match="not of Artist"):
        number_in("QWxidW06Mjcz", "Artist")

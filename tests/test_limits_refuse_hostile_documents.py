"""Limits: what one request may hold, and that looking at it takes few steps."""

import pytest
from graphql import Lexer, Source, TokenKind, parse
from hypothesis import given
from hypothesis import strategies as st

from web.limits import DocumentWalk, Limits, check_document, check_text, check_variables
from web.request_errors import RequestError

LIMITS = Limits()


def refusal_of(text: str, limits: Limits = LIMITS) -> dict[str, object]:
    """The extensions of the error that a text is refused with."""
    with pytest.raises(RequestError) as refused:
        let_through(text, limits)
    return dict(refused.value.extensions or {})


def let_through(text: str, limits: Limits = LIMITS) -> None:
    """Look at a text as a request's document is looked at."""
    check_text(text, limits)
    check_document(parse(text), limits)


def doubling(levels: int) -> str:
    """Fragments of which each spreads the next one twice."""
    fragments = "".join(
        f"fragment F{level} on Query {{ ...F{level + 1} ...F{level + 1} }}"
        for level in range(levels)
    )
    return f"{{ ...F0 }} {fragments} fragment F{levels} on Query {{ a }}"


def test_a_document_with_too_many_characters_is_refused() -> None:
    assert refusal_of("#" + "a" * 100_000) == {
        "code": "QUERY_TOO_COMPLEX",
        "what": "characters",
        "estimated": 100_001,
        "allowed": 100_000,
    }


@given(
    st.lists(
        st.sampled_from(
            [
                *("a", "_b9", "{", "}", "(", ")", "[", "]", ":", "$", "@", "!", "=", "|", "&"),
                *("...", "-1", "0", "1.5e-3", ",", "\ufeff", "\t", "\n", '# [ " c\n'),
                *('"x {"', '""', '"\\""', '"""y "z" \\""" {"""', '""""""'),
            ]
        ),
        max_size=30,
    )
)
def test_tokens_are_counted_as_the_lexer_has_them(tokens: list[str]) -> None:
    text = " ".join(tokens)
    lexer = Lexer(Source(text))
    lexed = 0
    while (token := lexer.read_next_token(lexer.token.end)).kind is not TokenKind.EOF:
        lexer.token = token
        lexed += 1

    check_text(text, Limits(tokens=lexed, nesting=30))
    if lexed:
        with pytest.raises(RequestError, match=f"it has {lexed} tokens"):
            check_text(text, Limits(tokens=lexed - 1, nesting=30))


def test_brackets_inside_strings_and_comments_do_not_nest() -> None:
    let_through('{ a(b: "' + "{" * 100 + '", c: """' + "[" * 100 + '""") } #' + "(" * 100)


@pytest.mark.parametrize("bracket", ["{", "[", "(", "{a", "{a(b:["])
def test_a_document_too_deep_for_the_parser_never_reaches_it(bracket: str) -> None:
    refused = refusal_of(bracket * 900)

    assert refused["what"] == "brackets inside one another"


@pytest.mark.parametrize(
    ("text", "what", "estimated"),
    [
        ("{" + "".join(f" a{n}: b" for n in range(500)) + " }", "root fields", 500),
        ("{ a {" + "".join(f" a{n}: b" for n in range(500)) + " } }", "aliases", 500),
        ("{ a" + " @include(if: true)" * 9 + " }", "directives in one place", 9),
        ("{ a {" + " b @include(if: true)" * 500 + " } }", "directives", 500),
        ("{ a {" + " b" * 2_000 + " } }", "selections", 2_001),
        ("query A { a }" + "fragment F on Q { a } " * 100, "definitions", 101),
        ("{ a" * 21 + " }" * 21, "levels of selections", 21),
        ("{ ...{" * 1 + " ...{" * 20 + " a" + " }" * 22, "levels of selections", 22),
        ("{ a(ids: [" + '"b" ' * 501 + "]) }", "items in a list", 501),
        ("query($a: [ID!] = [" + '"b" ' * 501 + "]) { a }", "items in a list", 501),
        ("{ a(b: {" + "".join(f" c{n}: 1" for n in range(51)) + " }) }", "fields in an object", 51),
        ("{ a(" + " b: 1" * 51 + ") }", "arguments in one place", 51),
        ("{ a @b(" + " c: 1" * 51 + ") }", "arguments in one place", 51),
        ("{ a @b(c: {d: [" + "1 " * 501 + "]}) }", "items in a list", 501),
    ],
)
def test_too_much_of_anything_is_refused_by_name(text: str, what: str, estimated: int) -> None:
    refused = refusal_of(text)

    assert (refused["what"], refused["estimated"]) == (what, estimated)


@pytest.mark.parametrize(
    "text",
    [
        "{" + "".join(f" a{n}: b {{ c d e }}" for n in range(30)) + " }",
        "{ a(ids: [" + '"b" ' * 500 + "]) }",
        "{ a(reps: [" + '{__typename: "A", id: "b"} ' * 500 + "]) }",
        "".join(f"query Q{n} {{ ...F }} " for n in range(50)) + "fragment F on Q { a b c }",
    ],
)
def test_what_honest_callers_send_is_let_through(text: str) -> None:
    let_through(text)


def test_a_definition_of_a_type_is_not_even_validated() -> None:
    assert refusal_of("{ a } type A { b: C }") == {"code": "GRAPHQL_VALIDATION_FAILED"}


def test_fragments_that_multiply_are_counted_without_being_expanded() -> None:
    document = parse(doubling(50))
    walk = DocumentWalk(document, LIMITS)

    with pytest.raises(RequestError) as refused:
        walk.check()

    assert refused.value.extensions is not None
    assert refused.value.extensions["estimated"] == 1_000_000_000
    assert walk.steps < 1_000


def test_a_fragment_counts_as_often_as_it_is_spread() -> None:
    text = "{ a { ...F ...F } b { ...F } } fragment F on Q { c: d @e { f } }"

    assert refusal_of(text, Limits(aliases=2))["estimated"] == 3
    assert refusal_of(text, Limits(directives=2))["estimated"] == 3
    # a, b, three spreads, three times c and f
    assert refusal_of(text, Limits(selections=10))["estimated"] == 11
    assert refusal_of(text, Limits(depth=2))["estimated"] == 3


def test_fields_of_a_fragment_at_the_root_are_root_fields() -> None:
    text = "query A { ...F ... { a } } query B { b { ...F } } fragment F on Q { c d }"

    assert refusal_of(text, Limits(root_fields=2))["estimated"] == 3


def test_operations_count_together_but_for_root_fields() -> None:
    text = "query A { a: b } query B { c: d e: f }"

    assert refusal_of(text, Limits(aliases=2))["estimated"] == 3
    let_through(text, Limits(root_fields=2))


def test_depth_goes_through_fragments() -> None:
    chain = "".join(f"fragment F{n} on Q {{ a {{ ...F{n + 1} }} }}" for n in range(90))

    assert refusal_of("{ ...F0 }" + chain + "fragment F90 on Q { a }")["estimated"] == 91


@pytest.mark.parametrize(
    "text",
    [
        "{ ...F } fragment F on Q { ...F }",
        "{ ...F } fragment F on Q { a { ...G } } fragment G on Q { b { ...F } }",
        "{ ...F ...G } fragment F on Q { ...G ...G } fragment G on Q { ...F ...F }",
        "{ ...Missing }",
        "fragment F on Q { ...F }",
    ],
)
def test_a_cycle_or_a_missing_fragment_ends_the_walk(text: str) -> None:
    walk = DocumentWalk(parse(text), LIMITS)

    walk.check()

    assert walk.steps < 30


def test_of_fragments_that_nobody_spreads_the_selections_count() -> None:
    text = "{ a } fragment F on Q {" + " b" * 20 + " }"

    assert refusal_of(text, Limits(selections=20))["estimated"] == 21


@pytest.mark.parametrize(
    ("variables", "what", "estimated"),
    [
        ({"ids": ["a"] * 5_000}, "items in a list", 5_000),
        ({"in": {"representations": [{"id": "a"}] * 501}}, "items in a list", 501),
        ({"a": [[1] * 500] * 30}, "values in variables", 10_031),
        ({"a": ["b" * 10_001]}, "characters in a variable", 10_001),
        ({str(n): n for n in range(10_001)}, "values in variables", 10_001),
    ],
)
def test_variables_that_hold_too_much_are_refused(
    variables: dict[str, object], what: str, estimated: int
) -> None:
    with pytest.raises(RequestError) as refused:
        check_variables(variables, LIMITS)

    assert refused.value.extensions == {
        "code": "QUERY_TOO_COMPLEX",
        "what": what,
        "estimated": estimated,
        "allowed": {
            "items in a list": 500,
            "values in variables": 10_000,
            "characters in a variable": 10_000,
        }[what],
    }


def test_500_ids_or_representations_are_let_through() -> None:
    check_variables({"ids": ["QWxidW06Mjcz"] * 500, "first": 500, "after": None}, LIMITS)
    check_variables(
        {"representations": [{"__typename": "Album", "databaseId": n} for n in range(500)]}, LIMITS
    )


def test_variables_of_any_depth_are_walked() -> None:
    variables: dict[str, object] = {}
    for _ in range(5_000):
        variables = {"a": variables, "b": [True]}

    with pytest.raises(RequestError, match="values in variables"):
        check_variables(variables, LIMITS)

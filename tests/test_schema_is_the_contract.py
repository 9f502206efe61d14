"""The printed schema is committed, fresh, and keeps the contract's promise."""

from pathlib import Path

from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    build_schema,
    find_breaking_changes,
    is_introspection_type,
    is_specified_scalar_type,
)
from graphql.language import parse, print_ast

from schema import schema

ROOT = Path(__file__).parent.parent
PRINTED = ROOT / "schema" / "schema.graphql"
CONTRACT = ROOT / "tests" / "contract.graphql"

FEDERATION = """
scalar _FieldSet
directive @key(fields: _FieldSet!) repeatable on OBJECT | INTERFACE
directive @shareable on OBJECT | FIELD_DEFINITION
scalar _Any
union _Entity = Album | Artist | Label | Track
type _Service { sdl: String! }
extend type Query { _entities(representations: [_Any!]!): [_Entity]!  _service: _Service! }
"""


def test_the_printed_schema_is_the_schema() -> None:
    assert PRINTED.read_text() == schema.as_str() + "\n", "run scripts/print-schema"


def test_nothing_that_callers_rely_on_was_renamed_removed_or_retyped() -> None:
    connections = "\n".join(
        f"type {name}Connection {{ edges: [{name}Edge!]! nodes: [{name}!]! pageInfo: PageInfo! "
        f"totalCount: Int }} type {name}Edge {{ cursor: String! node: {name}! }}"
        for name in ("Album", "Artist", "Label", "Listening", "Delivery")
    )
    promised = build_schema(CONTRACT.read_text() + connections + FEDERATION)
    assert find_breaking_changes(promised, schema._schema) == []


def test_the_keys_and_what_is_shareable_are_in_the_printed_schema() -> None:
    printed = schema.as_str()
    for name in ("Album", "Artist", "Label", "Track"):
        assert (
            f'type {name} implements Node @key(fields: "id") @key(fields: "databaseId")' in printed
        )
    assert "type PageInfo @shareable" in printed
    assert "https://specs.apollo.dev/federation/v2.9" in printed


def test_everything_has_a_description() -> None:
    bare = []
    for name, type_ in schema._schema.type_map.items():
        # what federation adds is described by its own specification
        if is_introspection_type(type_) or is_specified_scalar_type(type_) or "_" in name:
            continue
        if not type_.description:
            bare.append(name)
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            for field_name, field in type_.fields.items():
                if field_name.startswith("_"):
                    continue
                if not field.description:
                    bare.append(f"{name}.{field_name}")
                bare += [
                    f"{name}.{field_name}({argument_name}:)"
                    for argument_name, argument in field.args.items()
                    if not argument.description
                ]
    assert bare == []


def test_descriptions_that_the_contract_gives_are_ours() -> None:
    def descriptions(sdl: str) -> dict[str, str]:
        found = {}
        for definition in parse(sdl).definitions:
            owner = definition.name.value  # type: ignore[attr-defined] # only types have names here
            if getattr(definition, "description", None):
                found[owner] = definition.description.value  # type: ignore[attr-defined] # as above
            for member in (
                *(getattr(definition, "fields", None) or ()),
                *(getattr(definition, "values", None) or ()),
            ):
                if member.description:
                    found[f"{owner}.{member.name.value}"] = member.description.value
        return found

    ours = descriptions(schema.as_str().partition("\n}\n")[2])
    theirs = descriptions(CONTRACT.read_text())
    assert {name: ours.get(name) for name in theirs if name != "Node.id"} == {
        name: description for name, description in theirs.items() if name != "Node.id"
    }


def test_arguments_without_a_value_have_no_default() -> None:
    albums = schema._schema.query_type.fields["albums"]  # type: ignore[union-attr] # there is one
    assert str(albums.args["first"].type) == "Int"
    assert "first: Int = " not in schema.as_str()
    assert print_ast(parse(schema.as_str()))

// Lints the schema in each file that is named and prints as JSON what is wrong with it.
import { dirname, resolve } from "node:path";
import graphql from "@graphql-eslint/eslint-plugin";
import { ESLint } from "eslint";

const PascalCase = { style: "PascalCase", forbiddenSuffixes: ["Object", "Interface", "Union"] };
const rules = {
  "naming-convention": [
    "error",
    {
      ObjectTypeDefinition: PascalCase,
      InterfaceTypeDefinition: PascalCase,
      InputObjectTypeDefinition: { style: "PascalCase", requiredSuffixes: ["Input"] },
      UnionTypeDefinition: PascalCase,
      EnumTypeDefinition: PascalCase,
      EnumValueDefinition: "UPPER_CASE",
      FieldDefinition: "camelCase",
      InputValueDefinition: "camelCase",
      Argument: "camelCase",
      DirectiveDefinition: "camelCase",
      // as GraphQL's own: ID, URL
      ScalarTypeDefinition: { style: "PascalCase", ignorePattern: "^(ID|URL)$" },
      "FieldDefinition[parent.name.value=Query]": {
        style: "camelCase",
        forbiddenPrefixes: ["get", "fetch", "find", "load"],
      },
      allowLeadingUnderscore: true,
    },
  ],
  "no-hashtag-description": "error",
  "no-typename-prefix": "error",
  "no-unreachable-types": "error",
  "relay-arguments": ["error", { includeBoth: true }],
  "relay-connection-types": "error",
  "relay-edge-types": [
    "error",
    { withEdgeSuffix: true, shouldImplementNode: false, listTypeCanWrapOnlyEdgeType: false },
  ],
  "relay-page-info": "error",
  "require-deprecation-reason": "error",
  "require-description": [
    "error",
    {
      types: true,
      rootField: true,
      FieldDefinition: true,
      InputValueDefinition: true,
      EnumValueDefinition: true,
      DirectiveDefinition: true,
      // what federation adds is described by its own specification
      ignoredSelectors: [
        "[name.value=/^_/]",
        "ObjectTypeDefinition[name.value=_Service] > *",
        "FieldDefinition[name.value=_entities] > *",
      ],
    },
  ],
  "unique-enum-value-names": "error",
};

// Apollo Federation's own, which no subgraph writes into its schema.
const federation = `
  scalar _FieldSet
  scalar link__Import
  directive @link(url: String!, import: [link__Import]) repeatable on SCHEMA
  directive @key(fields: _FieldSet!) repeatable on OBJECT | INTERFACE
  directive @shareable repeatable on OBJECT | FIELD_DEFINITION
  directive @cost(weight: Int!) on FIELD_DEFINITION
  directive @listSize(
    assumedSize: Int
    slicingArguments: [String!]
    sizedFields: [String!]
    requireOneSlicingArgument: Boolean
  ) on FIELD_DEFINITION
`;

// The public contract's own names, which are older than the rules.
const kept = ['Field "trackNumber" starts with the name of the parent type "Track"'];

async function linted(file) {
  const eslint = new ESLint({
    cwd: dirname(file),
    overrideConfigFile: true,
    overrideConfig: [
      {
        files: ["**/*.graphql"],
        languageOptions: {
          parser: graphql.parser,
          parserOptions: { graphQLConfig: { schema: [file, federation] } },
        },
        plugins: { "@graphql-eslint": graphql },
        rules: Object.fromEntries(
          Object.entries(rules).map(([name, rule]) => [`@graphql-eslint/${name}`, rule]),
        ),
      },
    ],
  });
  const [{ messages }] = await eslint.lintFiles([file]);
  return messages
    .filter(({ message }) => !kept.includes(message))
    .map(({ ruleId, message, line }) => ({
      rule: ruleId?.replace("@graphql-eslint/", "") ?? null,
      message,
      line,
    }));
}

const told = [];
for (const file of process.argv.slice(2)) told.push(await linted(resolve(file)));
console.log(JSON.stringify(told));

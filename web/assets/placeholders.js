// The variables that an operation needs, with empty values of the right shape, as JSON: for an
// example whose variables nobody but the reader can know.

const { parse, typeFromAST, isNonNullType, getNullableType, isInputObjectType, isListType } =
  globalThis.GraphiQL.GraphQL;

export function placeholders(query, schema) {
  if (!schema) return '';
  const [operation] = parse(query).definitions;
  const needed = (operation.variableDefinitions ?? []).filter(
    ({ type, defaultValue }) => type.kind === 'NonNullType' && !defaultValue,
  );
  if (needed.length === 0) return '';
  const values = needed.map(({ variable, type }) => [
    variable.name.value,
    empty(typeFromAST(schema, type)),
  ]);
  return JSON.stringify(Object.fromEntries(values), null, 2);
}

function empty(type) {
  const nullable = getNullableType(type);
  if (isListType(nullable)) return [];
  if (isInputObjectType(nullable)) {
    const needed = Object.values(nullable.getFields()).filter((field) => isNonNullType(field.type));
    return Object.fromEntries(needed.map((field) => [field.name, empty(field.type)]));
  }
  return { Int: 0, Float: 0, Boolean: false }[nullable?.name] ?? '';
}

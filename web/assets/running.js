// Running an operation for GraphiQL, and explaining one without running it; both leave a report
// of what it costs. The token and the headers that ask for the costs are put in here, so that they
// stand in no editor.

import { ask } from './asking.js';
import { bearer } from './session.js';
import { State } from './state.js';

const { parse } = globalThis.GraphiQL.GraphQL;

// What the last operation cost, or would cost; null before the first one.
export const report = new State(null);

const WITH_COSTS = { 'X-Include': 'cost, upstream' };
const INTROSPECTION = 'IntrospectionQuery';

// GraphiQL's fetcher.
export async function run(asked, { headers = {} } = {}) {
  const operation = withItsName(asked);
  if (operation.operationName === INTROSPECTION) {
    return ask(operation, withToken(headers));
  }
  const began = performance.now();
  const answer = await ask(operation, { ...withToken(headers), ...WITH_COSTS });
  const { upstream, cost, ...extensions } = answer.extensions ?? {};
  report.set({
    kind: 'run',
    name: operation.operationName,
    milliseconds: performance.now() - began,
    // Without a token nothing is asked, and there is nothing to show.
    exchanges: upstream?.filter(({ source, requests }) => source !== 'upstream' || requests > 0),
    cost,
    stale: extensions.stale ?? [],
    errors: answer.errors ?? [],
    hasData: Object.values(answer.data ?? {}).some((value) => value !== null),
  });
  // What the page asked for itself is not shown as the caller's answer.
  const { extensions: _, ...shown } = answer;
  return Object.keys(extensions).length > 0 ? { ...shown, extensions } : shown;
}

// The plan of an operation's upstream requests; nothing is sent upstream.
export async function explain(asked, headers = {}) {
  const operation = withItsName(asked);
  const answer = await ask(operation, { ...withToken(headers), 'X-Explain': '1' });
  report.set({
    kind: 'plan',
    name: operation.operationName,
    plan: answer.extensions?.explain,
    errors: answer.errors ?? [],
  });
}

// A token that the reader put into the headers' editor wins over the one of the session.
function withToken(headers) {
  const own = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  return own ? headers : { ...bearer(), ...headers };
}

// GraphiQL looks for the operation's name a moment after the text has changed: whoever is faster
// would send the name of what stood there before.
function withItsName(operation) {
  const { query, operationName } = operation;
  let names;
  try {
    const operations = parse(query).definitions.filter(
      ({ kind }) => kind === 'OperationDefinition',
    );
    names = operations.map(({ name }) => name?.value);
  } catch {
    // The server says what is wrong with it.
    return operation;
  }
  return names.includes(operationName) ? operation : { ...operation, operationName: names[0] };
}

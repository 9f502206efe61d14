// Running an operation for GraphiQL, and explaining one without running it; both leave a report
// of what it costs. The token and the headers that ask for the costs are put in here, so that they
// stand in no editor.

import { ask, listen } from './asking.js';
import { bearer } from './session.js';
import { State } from './state.js';

const { parse } = globalThis.GraphiQL.GraphQL;

// What the last operation cost, or would cost; null before the first one.
export const report = new State(null);

// What was begun last. What an earlier one has to say comes too late: its answer is not shown either.
let latest = null;
const reporter = () => {
  const mine = (latest = {});
  return (what) => mine === latest && report.set(what);
};

const WITH_COSTS = { 'X-Include': 'cost, upstream' };
const INTROSPECTION = 'IntrospectionQuery';

// GraphiQL's fetcher.
export async function run(asked, { headers = {} } = {}) {
  const operation = withItsName(asked);
  if (operation.operationName === INTROSPECTION) {
    return ask(operation, withToken(headers));
  }
  if (isSubscription(operation)) return subscription(operation, headers);
  const tell = reporter();
  const sent = withToken(headers);
  const began = performance.now();
  const answer = await ask(operation, { ...sent, ...WITH_COSTS });
  const { upstream, cost, ...extensions } = answer.extensions ?? {};
  tell({
    kind: 'run',
    hadToken: carriesToken(sent),
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

// An observable, as GraphiQL takes it; its stop button ends the subscription.
function subscription(operation, headers) {
  return {
    subscribe({ next, complete }) {
      const { operationName: name } = operation;
      const tell = reporter();
      const sent = withToken(headers);
      const hadToken = carriesToken(sent);
      let events = 0;
      tell({ kind: 'live', name, events, errors: [] });
      const onAnswer = (answer) => {
        next(answer);
        const { errors = [], data } = answer;
        if (data) events += 1;
        tell({ kind: 'live', name, hadToken, events, errors, hasData: Boolean(data) });
      };
      const ending = new AbortController();
      listen(operation, sent, onAnswer, ending.signal).then(complete);
      return { unsubscribe: () => ending.abort() };
    },
  };
}

// The plan of an operation's upstream requests; nothing is sent upstream.
export async function explain(asked, headers = {}) {
  const operation = withItsName(asked);
  const tell = reporter();
  const sent = withToken(headers);
  const answer = await ask(operation, { ...sent, 'X-Explain': '1' });
  tell({
    kind: 'plan',
    hadToken: carriesToken(sent),
    name: operation.operationName,
    plan: answer.extensions?.explain,
    errors: answer.errors ?? [],
  });
}

// A token that the reader put into the headers' editor wins over the one of the session.
function withToken(headers) {
  return carriesToken(headers) ? headers : { ...bearer(), ...headers };
}

const carriesToken = (headers) =>
  Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');

// GraphiQL looks for the operation's name a moment after the text has changed: whoever is faster
// would send the name of what stood there before.
function withItsName(operation) {
  const names = operationsIn(operation.query).map(({ name }) => name?.value);
  if (names.length === 0 || names.includes(operation.operationName)) return operation;
  return { ...operation, operationName: names[0] };
}

const isSubscription = ({ query, operationName }) =>
  operationsIn(query).find(({ name }) => name?.value === operationName)?.operation ===
  'subscription';

// None where the text can't be parsed: the server says what is wrong with it.
function operationsIn(query) {
  try {
    return parse(query).definitions.filter(({ kind }) => kind === 'OperationDefinition');
  } catch {
    return [];
  }
}

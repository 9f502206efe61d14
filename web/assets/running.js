// Running an operation for GraphiQL, and explaining one without running it; both leave a report
// of what it costs. The token and the headers that ask for the costs are put in here, so that they
// stand in no editor.

import { ask, listen } from './asking.js';
import { bearer } from './session.js';
import { State } from './state.js';

const { parse } = globalThis.GraphiQL.GraphQL;

// What the last operation of the tab in front cost, or would cost; null before the first one.
export const report = new State(null);

const reports = new Map();
let tab = null;
// What was begun last. What an earlier one has to say comes too late: its answer is not shown either.
let latest = null;

// Another tab is in front: its answer is shown, and what that cost.
export function turnTo(id) {
  tab = id;
  report.set(reports.get(id) ?? null);
}

// The answer of the tab in front is not shown any more.
export function forget() {
  latest = null;
  reports.delete(tab);
  report.set(null);
}

const reporter = () => {
  const mine = (latest = {});
  const ours = tab;
  return (what) => {
    if (mine !== latest) return;
    reports.set(ours, what);
    if (ours === tab) report.set(what);
  };
};

const WITH_COSTS = { 'X-Include': 'cost, upstream' };
const INTROSPECTION = 'IntrospectionQuery';
const NOTHING = 'There is nothing to run: write an operation, or open an example.';

// GraphiQL's fetcher.
export async function run(asked, { headers = {} } = {}) {
  const operation = withItsName(asked);
  if (operation.operationName === INTROSPECTION) {
    return ask(operation, withToken(headers));
  }
  if (!operation.query.trim()) {
    forget();
    return { errors: [{ message: NOTHING }] };
  }
  const begin = isSubscription(operation) ? follow : answer;
  return observable((next, signal) => begin(operation, withToken(headers), next, signal));
}

// As GraphiQL takes it. Its stop button ends a promise only for the eye: the answer would be shown
// all the same once it is there, in whichever tab is in front by then.
const observable = (begin) => ({
  subscribe({ next, complete }) {
    const ending = new AbortController();
    const { signal } = ending;
    begin((shown) => signal.aborted || next(shown), signal).then(
      () => signal.aborted || complete(),
    );
    return { unsubscribe: () => ending.abort() };
  },
});

async function answer(operation, sent, next, signal) {
  const tell = reporter();
  const began = performance.now();
  const answered = await ask(operation, { ...sent, ...WITH_COSTS }, signal);
  if (signal.aborted) return;
  const { upstream, cost, ...extensions } = answered.extensions ?? {};
  tell({
    kind: 'run',
    hadToken: carriesToken(sent),
    name: operation.operationName,
    milliseconds: performance.now() - began,
    // Without a token nothing is asked, and there is nothing to show.
    exchanges: upstream?.filter(({ source, requests }) => source !== 'upstream' || requests > 0),
    cost,
    stale: extensions.stale ?? [],
    errors: answered.errors ?? [],
    hasData: Object.values(answered.data ?? {}).some((value) => value !== null),
  });
  // What the page asked for itself is not shown as the caller's answer.
  const { extensions: _, ...shown } = answered;
  next(Object.keys(extensions).length > 0 ? { ...shown, extensions } : shown);
}

async function follow(operation, sent, next, signal) {
  const tell = reporter();
  const about = { kind: 'live', name: operation.operationName, hadToken: carriesToken(sent) };
  let last = { ...about, events: 0, errors: [] };
  tell(last);
  await listen(
    operation,
    sent,
    (shown) => {
      next(shown);
      const { errors = [], data } = shown;
      last = { ...about, events: last.events + (data ? 1 : 0), errors, hasData: Boolean(data) };
      tell(last);
    },
    signal,
  );
  tell({ ...last, isOver: true });
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

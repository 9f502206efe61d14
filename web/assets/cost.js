// The panel under the answer: what went wrong in plain words, and what the operation cost upstream
// as a small waterfall, or its plan.

import { explain, report } from './running.js';
import { openLogIn } from './bar.js';
import { session } from './session.js';
import { useValueOf } from './state.js';

const { createElement: h, useState } = globalThis.React;
const { useEditorContext } = globalThis.GraphiQL.React;

const SOURCES = {
  upstream: 'asked of the REST API',
  shared: 'shared with a request that was under way',
  cache: 'from the cache',
  replica: 'from the cache of all replicas',
  stale: 'from memory, beyond its time',
};

const HINTS = {
  FORBIDDEN: 'Another user may have it.',
  UPSTREAM_UNAVAILABLE: 'Try again in a moment.',
  UPSTREAM_TIMEOUT: 'Ask for less, or try again.',
  QUERY_TOO_COMPLEX: 'Ask for fewer items, or in several operations.',
};

const MOST_NOTICES = 3;

const TITLES = { plan: 'What it would cost', live: 'What came' };

const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
const inMilliseconds = (number) =>
  `${number < 10 ? number.toFixed(1) : Math.round(number)}\u00a0ms`;

// Explains what is in the editors; what is wrong with the variables is left to the server to say.
export function useExplain() {
  const { queryEditor, variableEditor, headerEditor } = useEditorContext({ nonNull: true });
  return () => {
    const query = queryEditor?.getValue() ?? '';
    if (!query.trim()) return;
    const operation = { query, operationName: queryEditor.operationName ?? undefined };
    try {
      operation.variables = object(variableEditor?.getValue());
      explain(operation, object(headerEditor?.getValue()));
    } catch {
      const message = 'The variables or the headers are not a JSON object.';
      report.set({ kind: 'plan', errors: [{ message }] });
    }
  };
}

// A JSON object, or undefined for none; throws where it is something else.
function object(text) {
  if (!text?.trim()) return undefined;
  const value = JSON.parse(text);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new TypeError();
  return value;
}

export function Costs() {
  const last = useReport();
  const explainNow = useExplain();
  const [isOpen, setOpen] = useState(true);
  return h(
    'section',
    { className: 'costs', 'aria-label': 'What it cost' },
    last && h(Notices, { last }),
    h(
      'div',
      { className: 'costs-head' },
      h(
        'button',
        {
          type: 'button',
          className: 'costs-title',
          'aria-expanded': isOpen,
          onClick: () => setOpen(!isOpen),
        },
        h('span', { className: 'twist', 'aria-hidden': true }),
        h('span', null, TITLES[last?.kind] ?? 'What it cost'),
      ),
      h(
        'span',
        { className: 'summary', 'aria-live': 'polite', title: foreseen(last) },
        summary(last),
      ),
      h(
        'button',
        {
          type: 'button',
          className: 'explain',
          title: 'Show the plan without running it (Ctrl-Shift-E)',
          onClick: explainNow,
        },
        'Explain',
      ),
    ),
    isOpen && last?.exchanges?.length > 0 && h(Waterfall, { last }),
    isOpen && last?.plan?.steps?.length > 0 && h(Plan, { plan: last.plan }),
  );
}

// Null where there is nothing to tell of: what GraphiQL says itself, of variables that are not JSON,
// is no answer and has cost nothing.
function useReport() {
  const { tabs, activeTabIndex } = useEditorContext({ nonNull: true });
  const last = useValueOf(report);
  const shown = tabs[activeTabIndex].response;
  return last?.kind !== 'plan' && shown && !shown.startsWith('{') ? null : last;
}

function summary(last) {
  if (!last) return 'Run or explain an operation.';
  if (last.kind === 'live') return `${count(last.events, 'event')}${last.isOver ? '' : ' so far'}`;
  if (last.kind === 'plan') {
    if (!last.plan) return 'There is no plan.';
    const { requestsAtMost } = last.plan;
    return requestsAtMost === 0
      ? 'No upstream request.'
      : `At most ${count(requestsAtMost, 'upstream request')}.`;
  }
  const parts = [];
  if (last.cost) {
    const { actual } = last.cost;
    const spared = last.exchanges.filter(isSpared).length;
    parts.push(actual === 0 ? 'no upstream request' : count(actual, 'upstream request'));
    if (spared > 0) parts.push(`${spared} spared`);
  }
  return [...parts, inMilliseconds(last.milliseconds)].join(' · ');
}

const foreseen = (last) =>
  last?.cost &&
  `${last.name ?? 'This'} could cost ${count(last.cost.estimated, 'upstream request')}.`;

const isSpared = ({ source }) => source !== 'upstream';

// What became of an exchange with the REST API, in a word, where it is not the usual.
function outcome({ source, status }) {
  if (source !== 'upstream') return source;
  if (status === null) return 'no answer';
  return status >= 400 ? String(status) : '';
}

function Waterfall({ last }) {
  const { exchanges } = last;
  const until = Math.max(...exchanges.map(({ start, duration }) => start + duration), 1);
  const percent = (milliseconds) => `${(100 * milliseconds) / until}%`;
  return h(
    'ol',
    { className: 'waterfall' },
    exchanges.map((exchange, place) => {
      const { path, route, start, duration, source, requests } = exchange;
      const word = outcome(exchange);
      const said = [SOURCES[source] ?? source, requests > 1 && `${requests} tries`, word]
        .filter(Boolean)
        .join(', ');
      return h(
        'li',
        { key: place, className: word && !isSpared(exchange) ? 'bad' : `from-${source}` },
        h('code', { className: 'target', title: `${route}: ${said}` }, path),
        h(
          'span',
          { className: 'lane', 'aria-hidden': true },
          h('i', { style: { left: percent(start), width: percent(duration) } }),
        ),
        h(
          'span',
          { className: 'time' },
          word && h('b', null, word),
          word && duration >= 1 && ' · ',
          !(word && duration < 1) && inMilliseconds(duration),
        ),
        h('span', { className: 'unseen' }, said),
      );
    }),
  );
}

function Plan({ plan }) {
  return h(
    'ol',
    { className: 'plan' },
    plan.steps.map(({ path, method, route, requestsAtMost, objects, after }) =>
      h(
        'li',
        { key: `${path} ${route}` },
        h('code', { className: 'target' }, `${method} ${route}`),
        h(
          'span',
          null,
          `for ${path}`,
          objects > 1 && ` ×\u00a0${objects}`,
          after && !path.startsWith(`${after}.`) && `, after ${after}`,
        ),
        h('span', { className: 'time' }, `≤ ${requestsAtMost}`),
      ),
    ),
  );
}

function Notices({ last }) {
  const isLoggedIn = useValueOf(session) !== null;
  // One notice for each sentence: a hundred fields can fail of one cause.
  const bySentence = new Map();
  for (const error of last.errors) {
    const said = sentence(error, last.hadToken, isLoggedIn);
    bySentence.set(said, [...(bySentence.get(said) ?? []), error]);
  }
  const notices = [...bySentence].slice(0, MOST_NOTICES);
  const more = bySentence.size - notices.length;
  const rest =
    more > 0
      ? ` The answer has ${count(more, 'more error')}.`
      : last.hasData && ' Everything else is in the answer.';
  return h(
    'div',
    { className: 'notices' },
    notices.map(([said, errors], place) => {
      const code = errors[0].extensions?.code;
      return h(
        'p',
        { key: said, className: 'notice', role: 'alert' },
        h('b', null, said),
        errors.length > 1 && ` (at ${errors.length} places)`,
        hint(errors[0]) && ` ${hint(errors[0])}`,
        place === notices.length - 1 && rest,
        code === 'UNAUTHENTICATED' && ' ',
        code === 'UNAUTHENTICATED' &&
          (last.hadToken || !isLoggedIn) &&
          h(
            'button',
            { type: 'button', onClick: openLogIn },
            isLoggedIn ? 'Log in again' : 'Log in',
          ),
      );
    }),
    last.stale?.length > 0 &&
      h(
        'p',
        { className: 'notice mild', role: 'status' },
        h('b', null, 'From memory.'),
        ` The REST API does not answer; parts of this are up to ${Math.ceil(
          Math.max(...last.stale.map(({ age }) => age)),
        )} s old.`,
      ),
  );
}

function sentence(error, hadToken, isLoggedIn) {
  const code = error.extensions?.code;
  const isAboutToken = code === 'UNAUTHENTICATED' && !/password|credential/i.test(error.message);
  if (!isAboutToken) return error.message;
  if (hadToken) return 'The token is not valid any more.';
  return isLoggedIn
    ? 'You are logged in now: run it again.'
    : 'Log in to ask for this: the catalogue is for 1D touch users.';
}

function hint({ extensions }) {
  const seconds = extensions?.retryAfter;
  return seconds ? `Try again in ${Math.ceil(seconds)} s.` : HINTS[extensions?.code];
}

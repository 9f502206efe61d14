// What GraphiQL keeps between two visits, and where. Looks and history go to local storage.
// What is being typed, where a password or a token may stand, goes to this tab's session storage,
// and an operation that deals in either never enters the history.

const LOCAL = new Set([
  'graphiql:theme',
  'graphiql:visiblePlugin',
  'graphiql:docExplorerFlex',
  'graphiql:editorFlex',
  'graphiql:secondaryEditorFlex',
  'graphiql:queries',
  'graphiql:favorites',
]);
const HISTORIES = new Set(['graphiql:queries', 'graphiql:favorites']);
const CREDENTIALS = /createToken|revokeToken|password/;

const storageFor = (key) => (LOCAL.has(key) ? localStorage : sessionStorage);
const ours = (storage) => Object.keys(storage).filter((key) => key.startsWith('graphiql:'));

// The text of a history without headers, and without operations that deal in credentials.
export function withoutCredentials(text) {
  const [[name, entries]] = Object.entries(JSON.parse(text));
  const kept = entries
    .filter((entry) => !CREDENTIALS.test(`${entry.query} ${entry.variables}`))
    .map(({ headers: _, ...entry }) => entry);
  return JSON.stringify({ [name]: kept });
}

export const keeping = {
  getItem: (key) => storageFor(key).getItem(key),
  setItem(key, value) {
    const kept = HISTORIES.has(key) ? withoutCredentials(value) : value;
    storageFor(key).setItem(key, kept);
  },
  removeItem: (key) => storageFor(key).removeItem(key),
  clear() {
    for (const storage of [localStorage, sessionStorage]) {
      ours(storage).forEach((key) => storage.removeItem(key));
    }
  },
  get length() {
    return ours(localStorage).length + ours(sessionStorage).length;
  },
};

// The same interface where the browser forbids storage altogether: GraphiQL takes null for that.
export function keepingOrNull() {
  try {
    localStorage.getItem('graphiql:theme');
    return keeping;
  } catch {
    return null;
  }
}

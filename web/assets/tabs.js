// Opening an operation in one of GraphiQL's tabs, from wherever on the page it is asked for; and
// what goes on when another tab comes to the front.

import { forget, turnTo } from './running.js';

const { useLayoutEffect, useState } = globalThis.React;
const { flushSync } = globalThis.ReactDOM;
const { useEditorContext, useExecutionContext } = globalThis.GraphiQL.React;

// What stands in an editor that nobody has written in yet.
export const WELCOME = `# Ask the 1D touch catalogue.
# Ctrl-Enter: run
# Ctrl-Space: complete
# Escape: leave the editor

query Welcome {
  albums(first: 5) {
    nodes {
      title
      artists {
        name
      }
    }
  }
}
`;

let ask = () => {};

// Opens an operation in a new tab, or goes to the tab that has it already.
//
// GraphiQL fills the editors inside of React's state updaters, and React runs an updater a second
// time if one that came before it was still waiting (the text that was just typed, or an answer
// that has come in). That would put the new tab's first text over the operation. So this waits in
// line with the others, in a timer since a click would go before them, and acts when all are done.
export function openInTab(query, variables) {
  setTimeout(() => ask({ query, variables }));
}

// Must be on the page for openInTab to work.
export function Tabs() {
  const editors = useEditorContext({ nonNull: true });
  const { stop } = useExecutionContext({ nonNull: true });
  const [wanted, setWanted] = useState(null);
  const { id } = editors.tabs[editors.activeTabIndex];
  useLayoutEffect(() => {
    ask = setWanted;
  }, []);
  // GraphiQL shows an answer in the tab that is in front when it comes.
  useLayoutEffect(() => {
    stop();
    turnTo(id);
  }, [id]);
  useLayoutEffect(() => {
    if (wanted) queueMicrotask(() => open(editors, stop, wanted));
  }, [wanted]);
  return null;
}

function open(editors, stop, { query, variables }) {
  const { activeTabIndex: active, tabs } = editors;
  const current = editors.queryEditor?.getValue() ?? '';
  // The editor tells its tab only after a moment what has been typed.
  const place = tabs.findIndex((tab, index) => (index === active ? current : tab.query) === query);
  if (place >= 0) {
    if (place !== active) editors.changeTab(place);
    return;
  }
  if (current.trim() && current !== WELCOME) {
    // At once, so that the editors belong to the new tab when they are filled.
    flushSync(() => editors.addTab());
  }
  stop();
  editors.queryEditor?.setValue(query);
  editors.variableEditor?.setValue(variables);
  editors.responseEditor?.setValue('');
  editors.updateActiveTabValues({ query, variables, response: null, operationName: null });
  forget();
}

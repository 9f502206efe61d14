// The pane of examples: the operations of queries/, by purpose; one click opens one in a tab.

import { placeholders } from './placeholders.js';
import { hidePane, isPhone } from './screen.js';
import { State, useValueOf } from './state.js';

const { createElement: h } = globalThis.React;
const { flushSync } = globalThis.ReactDOM;
const { useEditorContext, useSchemaStore } = globalThis.GraphiQL.React;

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

// The sections of the list; null before they are here, empty where they did not come.
const sections = new State(null);

export async function fetchExamples(assets) {
  try {
    const response = await fetch(`${assets}/examples.json`);
    sections.set(await response.json());
  } catch {
    sections.set([]);
  }
}

export const examplesPlugin = { title: 'Examples', icon: Icon, content: Pane };

function Pane() {
  const known = useValueOf(sections);
  const editors = useEditorContext({ nonNull: true });
  const { schema } = useSchemaStore();
  const open = (operation) => {
    openInTab(
      editors,
      operation.query,
      operation.variables || placeholders(operation.query, schema),
    );
    // There the pane covers the editor.
    if (isPhone()) hidePane(examplesPlugin.title);
  };
  const current = editors.tabs[editors.activeTabIndex]?.query;
  return h(
    'section',
    { className: 'examples', 'aria-label': 'Examples' },
    h('h2', null, 'Examples'),
    known === null && h('p', { className: 'hint' }, 'Loading …'),
    known?.length === 0 && h('p', { className: 'hint' }, 'They did not come: load the page again.'),
    known?.map(({ heading, operations }) =>
      h(
        'div',
        { key: heading },
        h('h3', null, heading),
        h(
          'ul',
          null,
          operations.map((operation) =>
            h(
              'li',
              { key: operation.name },
              h(
                'button',
                {
                  type: 'button',
                  'data-example': operation.name,
                  'aria-current': operation.query === current ? 'true' : undefined,
                  onClick: () => open(operation),
                },
                h('span', { className: 'purpose' }, operation.purpose),
                h('code', null, operation.name),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

// Opens an operation in a new tab, or goes to the tab that has it already.
export function openInTab(editors, query, variables) {
  const place = editors.tabs.findIndex((tab) => tab.query === query);
  if (place >= 0) {
    if (place !== editors.activeTabIndex) editors.changeTab(place);
    return;
  }
  const current = editors.queryEditor?.getValue() ?? '';
  if (current.trim() && current !== WELCOME) {
    // At once, so that the editors belong to the new tab when they are filled.
    flushSync(() => editors.addTab());
  }
  editors.queryEditor?.setValue(query);
  editors.variableEditor?.setValue(variables);
  editors.responseEditor?.setValue('');
  // The editors tell the tab only after a moment; its title is wanted now.
  editors.updateActiveTabValues({ query, variables, response: null, operationName: null });
}

function Icon(props) {
  return h(
    'svg',
    {
      viewBox: '0 0 24 24',
      fill: 'none',
      stroke: 'currentColor',
      strokeWidth: 1.6,
      strokeLinecap: 'round',
      strokeLinejoin: 'round',
      ...props,
    },
    h('path', { d: 'M9 18V6l11-2v12' }),
    h('circle', { cx: 6.3, cy: 18, r: 2.7 }),
    h('circle', { cx: 17.3, cy: 16, r: 2.7 }),
  );
}

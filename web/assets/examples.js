// The pane of examples: the operations of queries/, by purpose; one click opens one in a tab.

import { placeholders } from './placeholders.js';
import { hidePane, isPhone } from './screen.js';
import { State, useValueOf } from './state.js';
import { openInTab } from './tabs.js';

const { createElement: h } = globalThis.React;
const { useEditorContext, useSchemaStore } = globalThis.GraphiQL.React;

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
    openInTab(operation.query, operation.variables || placeholders(operation.query, schema));
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

// The page's start: GraphiQL with our panes in it, under the bar.

import { showBar } from './bar.js';
import { Costs, useExplain } from './cost.js';
import { examplesPlugin, fetchExamples } from './examples.js';
import { keepingOrNull } from './keeping.js';
import { run } from './running.js';
import { isPhone, showPane } from './screen.js';
import { openInTab, Tabs, WELCOME } from './tabs.js';

const { React, ReactDOM, GraphiQL, GraphiQLPluginExplorer } = globalThis;
const { createElement: h, Fragment, useEffect } = React;
const { ToolbarButton, useEditorContext } = GraphiQL.React;

const place = document.getElementById('playground');
const storage = keepingOrNull();
const PANE = 'graphiql:visiblePlugin';

// An answer of more lines is not folded: to find where its outermost brackets end, CodeMirror reads
// it to the end for each of them, for six seconds where 500 albums have all their territories.
const MOST_FOLDED_LINES = 20_000;

const plugins = [examplesPlugin, GraphiQLPluginExplorer.explorerPlugin()];

// GraphiQL would show a picture from wherever an answer says it is: the page asks nobody else.
GraphiQL.React.ImagePreview.shouldRender = () => false;

function Page() {
  return h(
    GraphiQL,
    {
      fetcher: run,
      plugins,
      storage,
      defaultQuery: WELCOME,
      defaultEditorToolsVisibility: 'variables',
      shouldPersistHeaders: false,
      schemaDescription: true,
      inputValueDeprecation: true,
      onTogglePluginVisibility: (plugin) => storage?.setItem(PANE, plugin?.title ?? 'none'),
    },
    h(GraphiQL.Logo, null, h(Fragment)),
    h(GraphiQL.Toolbar, null, toolbar),
    h(GraphiQL.Footer, null, h(Costs)),
    h(Tabs),
    h(Beginning),
  );
}

const toolbar = ({ prettify, merge, copy }) =>
  h(Fragment, null, prettify, merge, copy, h(ExplainButton));

function ExplainButton() {
  const explainNow = useExplain();
  useEffect(() => {
    const onKey = (event) => {
      if (event.ctrlKey && event.shiftKey && event.code === 'KeyE') {
        event.preventDefault();
        explainNow();
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  });
  return h(
    ToolbarButton,
    { label: 'Explain without running (Ctrl-Shift-E)', onClick: explainNow },
    h(
      'svg',
      {
        className: 'graphiql-toolbar-icon',
        viewBox: '0 0 24 24',
        fill: 'none',
        stroke: 'currentColor',
        strokeWidth: 1.6,
        strokeLinecap: 'round',
        'aria-hidden': true,
      },
      h('path', { d: 'M4 5h9M7 12h12M11 19h9' }),
    ),
  );
}

// What is on the screen first: the pane of the last visit, or the examples; and an operation that
// stands in the page's address, as in /graphql?query=..., which is opened and never run.
function Beginning() {
  const editors = useEditorContext({ nonNull: true });
  const isReady = Boolean(editors.queryEditor && editors.variableEditor);
  useEffect(() => {
    if (!isReady) return;
    // As the answer does: on a phone half of an operation's first line would be hidden.
    editors.queryEditor.setOption('lineWrapping', true);
    nameEditors(editors);
    editors.responseEditor?.on('beforeChange', (editor, { text }) =>
      editor.setOption('foldGutter', text.length <= MOST_FOLDED_LINES),
    );
    if (!isPhone()) showPane(storage?.getItem(PANE) ?? examplesPlugin.title);
    const asked = new URLSearchParams(location.search);
    if (!asked.get('query')) return;
    openInTab(asked.get('query'), asked.get('variables') ?? '');
    history.replaceState(null, '', location.pathname);
  }, [isReady]);
  useEffect(() => {
    // Many tabs do not fit: the one that was just opened would be out of sight.
    place.querySelector('.graphiql-tab-active')?.scrollIntoView({ inline: 'nearest' });
  }, [editors.activeTabIndex, editors.tabs.length, editors.tabs[editors.activeTabIndex]?.title]);
  useEffect(startPanesAtTheTop, []);
  useEscape([
    editors.queryEditor,
    editors.variableEditor,
    editors.headerEditor,
    editors.responseEditor,
  ]);
  return null;
}

// Without names a screen reader has four fields that are all the same.
function nameEditors({ queryEditor, variableEditor, headerEditor, responseEditor }) {
  queryEditor.setOption('screenReaderLabel', 'Operation');
  variableEditor.setOption('screenReaderLabel', 'Variables');
  headerEditor?.setOption('screenReaderLabel', 'Headers');
  responseEditor?.setOption('screenReaderLabel', 'Answer');
}

// All panes scroll in one box, which would keep its place when another pane, or another page of
// the documentation, is shown in it.
function startPanesAtTheTop() {
  const box = place.querySelector('.graphiql-plugin');
  const shown = () => {
    const title = box.querySelector('.graphiql-doc-explorer-title')?.textContent;
    return `${box.firstElementChild?.className} ${title}`;
  };
  let before = shown();
  const observer = new MutationObserver(() => {
    if (shown() !== before) box.scrollTop = 0;
    before = shown();
  });
  observer.observe(box, { childList: true, subtree: true, characterData: true });
  return () => observer.disconnect();
}

// In an editor Tab indents: Escape leaves it, so that nobody who has only a keyboard is caught.
function useEscape(all) {
  useEffect(() => {
    const keys = { Esc: leave };
    const present = all.filter(Boolean);
    present.forEach((editor) => editor.addKeyMap(keys));
    return () => present.forEach((editor) => editor.removeKeyMap(keys));
  }, all);
}

function leave(editor) {
  if (editor.listSelections().length > 1) return editor.constructor.Pass;
  // The next Tab goes on from here.
  return editor.getInputField().blur();
}

// GraphiQL tells the body which theme was chosen; the bar is outside of what it styles.
function followTheme() {
  const chosen = /graphiql-(light|dark)/.exec(document.body.className)?.[1];
  if (chosen) document.documentElement.dataset.theme = chosen;
  else delete document.documentElement.dataset.theme;
}

showBar();
new MutationObserver(followTheme).observe(document.body, { attributeFilter: ['class'] });
ReactDOM.createRoot(place).render(h(Page));
fetchExamples(place.dataset.assets);

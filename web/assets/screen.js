// How much room there is, and the panes that take it.

// Below this width panes stand under each other; editor.css has it too.
const narrow = matchMedia('(max-width: 900px)');

export const isPhone = () => narrow.matches;

// Shows a pane beside the editor, or hides the one that is shown. GraphiQL makes room for a pane
// only where its own button is pressed.
export const showPane = (title) => press(`Show ${title}`);
export const hidePane = (title) => press(`Hide ${title}`);

function press(label) {
  document.querySelector(`.graphiql-sidebar [aria-label="${label}"]`)?.click();
}

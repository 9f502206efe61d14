// The theme that was chosen in GraphiQL's settings, before anything is painted in the other one.
// A classic script: a module would come too late.
{
  let chosen = null;
  try {
    chosen = localStorage.getItem('graphiql:theme');
  } catch {
    // No storage in this browser: the system's theme it is.
  }
  if (chosen === 'light' || chosen === 'dark') {
    document.documentElement.dataset.theme = chosen;
  }
}

// One GraphQL request to the address of this page. Always resolves to an answer in GraphQL's
// shape: what failed on the way is an error in it, so that there is one place to read.

const failed = (message) => ({ errors: [{ message, extensions: { code: 'NO_ANSWER' } }] });

export async function ask(operation, headers = {}) {
  let response;
  try {
    response = await fetch(location.pathname, {
      method: 'POST',
      headers: {
        // Not application/graphql-response+json: its status 400 for what is wrong with an operation
        // would be an error in the console as well.
        Accept: 'application/json',
        'Content-Type': 'application/json',
        ...headers,
      },
      body: JSON.stringify(operation),
    });
  } catch (error) {
    // fetch rejects with a TypeError both for a header it can't send and for a server that is gone.
    return failed(
      error instanceof TypeError && /header|ISO-8859/i.test(error.message)
        ? 'One of the headers can’t be sent: a name or a value has a character that is not allowed.'
        : 'The server does not answer. Is it still running?',
    );
  }
  try {
    return await response.json();
  } catch {
    return failed(`The server answered with status ${response.status}, and not with JSON.`);
  }
}

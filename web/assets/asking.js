// GraphQL requests to the address of this page. What failed on the way is an error in an answer in
// GraphQL's shape, so that there is one place to read.

const failed = (message) => ({ errors: [{ message, extensions: { code: 'NO_ANSWER' } }] });
const GONE = 'The server does not answer. Is it still running?';

// Resolves to the answer; `signal` may end the waiting for it.
export async function ask(operation, headers = {}, signal = undefined) {
  try {
    // Not application/graphql-response+json: its status 400 for what is wrong with an operation
    // would be an error in the console as well.
    const response = await post(operation, { Accept: 'application/json', ...headers }, signal);
    return await answerIn(response);
  } catch (error) {
    return failed(error.message);
  }
}

// Calls `onAnswer` with each answer, and resolves when there are no more or `signal` says so.
export async function listen(operation, headers, onAnswer, signal) {
  const accept = { Accept: 'text/event-stream, application/json;q=0.9' };
  try {
    const response = await post(operation, { ...accept, ...headers }, signal);
    if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      onAnswer(await answerIn(response));
      return;
    }
    await readEvents(response, onAnswer);
  } catch (error) {
    if (!signal.aborted) onAnswer(failed(error.message));
  }
}

async function post(operation, headers, signal) {
  const sent = sendable({ 'Content-Type': 'application/json', ...headers });
  const body = JSON.stringify(operation);
  try {
    return await fetch(location.pathname, { method: 'POST', headers: sent, body, signal });
  } catch {
    throw new Error(GONE);
  }
}

// Not left to fetch, which rejects with the same TypeError where the server is gone.
function sendable(headers) {
  try {
    return new Headers(headers);
  } catch {
    throw new Error(
      'One of the headers can’t be sent: a name or a value has a character that is not allowed.',
    );
  }
}

async function answerIn(response) {
  try {
    return await response.json();
  } catch {
    throw new Error(`The server answered with status ${response.status}, and not with JSON.`);
  }
}

// "GraphQL over Server-Sent Events": each answer is the one line of data of an event `next`.
async function readEvents(response, onAnswer) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Error(GONE);
    });
    if (done) return;
    const events = (rest + value).split('\n\n');
    rest = events.pop();
    for (const event of events) {
      const [, data] = /^event: next\ndata: (.*)$/.exec(event) ?? [];
      if (data) onAnswer(JSON.parse(data));
    }
  }
}

// Who is logged in: a username and a token, or null. The token lives in this tab's session
// storage, which survives a reload and ends with the tab; it is never in an address, in local
// storage or in an editor.

import { ask } from './asking.js';
import { State } from './state.js';

const KEY = 'onedtouch:session';

const CREATE = `mutation LogIn($input: CreateTokenInput!) {
  createToken(input: $input) { accessToken }
}`;
const REVOKE = `mutation LogOut($input: RevokeTokenInput!) {
  revokeToken(input: $input) { revoked }
}`;

export const session = new State(remembered());

// The sandbox's user where the server runs in front of it, else null.
export const sandboxUser = (() => {
  const tag = document.querySelector('meta[name=sandbox-user]');
  return tag && { username: tag.content, password: tag.dataset.password };
})();

export function bearer() {
  const current = session.get();
  return current ? { Authorization: `Bearer ${current.token}` } : {};
}

// Resolves to null, or to a sentence about what is wrong. Where nobody wants the token any more, once
// it is there, it is revoked.
export async function logIn(username, password, isWanted = () => true) {
  const answer = await ask({ query: CREATE, variables: { input: { username, password } } });
  const token = answer.data?.createToken?.accessToken;
  if (!token) {
    const [error] = answer.errors ?? [];
    return error?.extensions?.code === 'UNAUTHENTICATED'
      ? 'This username and this password do not go together.'
      : (error?.message ?? 'The server gave no token.');
  }
  if (isWanted()) remember({ username, token });
  else await revoke(token);
  return null;
}

const revoke = (token) =>
  ask(
    { query: REVOKE, variables: { input: { token } } },
    { Authorization: `Bearer ${token}` },
  );

// Resolves to null, or to a sentence where the token could not be revoked; this tab has forgotten
// it in any case.
export async function logOut() {
  const current = session.get();
  if (!current) return null;
  remember(null);
  const answer = await revoke(current.token);
  if (answer.data?.revokeToken?.revoked) return null;
  const [error] = answer.errors ?? [];
  // A token that is not valid any more needs no revoking.
  if (error?.extensions?.code === 'UNAUTHENTICATED') return null;
  return `This tab has forgotten the token, but it is not revoked: ${error?.message ?? 'the server did not say why.'}`;
}

function remember(value) {
  try {
    if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
    else sessionStorage.removeItem(KEY);
  } catch {
    // No storage in this browser: the session ends with the page.
  }
  session.set(value);
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

// The bar on top and the dialog behind it: who is logged in, logging in and out.

import { logIn, logOut, sandboxUser, session } from './session.js';

const corner = document.getElementById('session');
const dialog = document.getElementById('login');
const form = dialog.querySelector('form');
const wrong = dialog.querySelector('.wrong');

// The attempt to log in that is under way, null without any.
let attempt = null;

export function showBar() {
  session.watch(() => showCorner());
  showCorner();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    tryToLogIn(form.username.value, form.password.value);
  });
  form.querySelector('[value=cancel]').addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => {
    attempt = null;
    form.querySelector('.primary').disabled = false;
    form.reset();
  });
  if (sandboxUser) {
    const hint = document.createElement('p');
    hint.className = 'hint offered';
    hint.append(
      'This server runs in front of its sandbox, with a user for you: ',
      element('code', sandboxUser.username),
      ', ',
      element('code', sandboxUser.password),
      '.',
    );
    form.querySelector('.hint').replaceWith(hint);
  }
}

export function openLogIn() {
  wrong.textContent = '';
  if (sandboxUser) {
    form.username.value = sandboxUser.username;
    form.password.value = sandboxUser.password;
  }
  dialog.showModal();
}

async function tryToLogIn(username, password) {
  if (attempt) return;
  const [submit] = form.getElementsByClassName('primary');
  const mine = (attempt = {});
  submit.disabled = true;
  wrong.textContent = '';
  const problem = await logIn(username, password, () => attempt === mine);
  if (attempt !== mine) return;
  attempt = null;
  submit.disabled = false;
  if (problem === null) {
    dialog.close();
    // The button that opened it is gone.
    if (document.activeElement === document.body) corner.querySelector('button').focus();
    return;
  }
  if (!dialog.open) dialog.showModal();
  wrong.textContent = problem;
  form.password.select();
}

function showCorner(complaint = null) {
  const current = session.get();
  const parts = current
    ? [who(current.username), button('Log out', async () => showCorner(await logOut()))]
    : [
        sandboxUser &&
          button('Use the sandbox’s user', () =>
            tryToLogIn(sandboxUser.username, sandboxUser.password),
          ),
        button('Log in', openLogIn),
      ].filter(Boolean);
  if (!current) parts[0].className = 'primary';
  if (complaint) parts.unshift(element('span', complaint, 'wrong'));
  const hadFocus = corner.contains(document.activeElement);
  corner.replaceChildren(...parts);
  if (hadFocus) corner.querySelector('button').focus();
}

function who(username) {
  const shown = element('span', username, 'who');
  shown.title = `Logged in as ${username}`;
  return shown;
}

function button(text, onClick) {
  const made = element('button', text);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

function element(name, text, className = '') {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

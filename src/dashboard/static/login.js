// The login form. The login itself is a cookie that no script can read.

import { t } from './text/words.js';

const byId = (id) => document.getElementById(id);
const [form, toggle, problem, title, second] = ['login', 'toggle', 'problem', 'title', 'second'].map(byId);
const submit = form.querySelector('button');
const { email, code, password } = form.elements;
// The token of a link that sets a new password. It is behind the #, so that no server logs it.
const token = new URLSearchParams(location.hash.slice(1)).get('reset');
const { next, pending, registration } = form.dataset; // pending: a provider has confirmed the login, and a code is missing
const providers = document.querySelectorAll('[data-provider]');
const invitation = sessionStorage.getItem('invitation'); // see invite.js
let registering = false;

if (invitation && toggle) toggle.hidden = false;

async function post(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (response.ok) return response.json().catch(() => ({}));
  const { detail, error } = await response.json().catch(() => ({}));
  if (error === 'SECOND_FACTOR_NEEDED') askForCode(true);
  throw new Error(detail ?? t('The service gave no answer.'));
}

function askForCode(isNeeded) {
  second.hidden = !isNeeded;
  code.disabled = !isNeeded;
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  submit.disabled = true;
  problem.hidden = true;
  try {
    if (token) await post('/api/auth/password/reset', { ...given, token });
    else if (pending) await post('/api/auth/login/code', { code: given.code, pending });
    else if (registering) await post('/api/auth/register', { ...given, ...(registration === 'invite' && { invitation }) });
    if (!token && !pending) await post('/api/auth/login', given);
    location.replace(next); // the server let only its own paths in here
  } catch (error) {
    show(error);
    submit.disabled = false;
  }
});

function show({ message }) {
  problem.textContent = message;
  problem.hidden = false;
}

for (const button of providers) {
  button.addEventListener('click', async () => {
    try {
      const given = { next, ...(registration === 'invite' && invitation && { invitation }) };
      const { address } = await post(`/api/auth/providers/${button.dataset.provider}/login`, given);
      location.assign(address);
    } catch (error) {
      show(error);
    }
  });
}

toggle?.addEventListener('click', () => {
  registering = !registering;
  title.textContent = submit.textContent = t(registering ? 'Create an account' : 'Log in');
  toggle.textContent = t(registering ? 'Log in instead' : 'Create an account instead');
  password.autocomplete = registering ? 'new-password' : 'current-password';
  problem.hidden = true;
  askForCode(false);
});
if (toggle) toggle.disabled = false;

if (pending) {
  history.replaceState(null, '', '/login');
  askForCode(true);
  for (const input of [email, password]) input.disabled = input.hidden = input.labels[0].hidden = true;
  for (const unused of [toggle, ...providers]) if (unused) unused.hidden = true;
}

if (token) {
  history.replaceState(null, '', location.pathname);
  title.textContent = submit.textContent = t('Set a new password');
  password.autocomplete = 'new-password';
  for (const unused of [toggle, email, email.labels[0], ...providers]) if (unused) unused.hidden = true;
  email.disabled = true;
}

// The page of a share link: opens it with the secret in the fragment and, if it has one, its
// password; then fills #main as the page of a site is, and draws the dashboard or the board there.

import { askWith } from './authorized.js';

const byId = (id) => document.getElementById(id);
const [main, form, problem, title] = ['main', 'open', 'problem', 'title'].map(byId);
const secret = location.hash.slice(1);
const EARLIER = 30; // seconds before a token expires in which the next is fetched

async function open(password) {
  const body = JSON.stringify({ secret, password });
  const headers = { 'Content-Type': 'application/json' };
  const options = { method: 'POST', headers, body, credentials: 'omit' };
  const response = await fetch('/api/shares/open', options);
  const found = await response.json();
  if (!response.ok) throw Object.assign(new Error(found.detail), { code: found.error });
  return found;
}

/** Opens the link, and again each time before its token expires. */
async function keepOpen(password) {
  const opened = await open(password);
  askWith(opened.access_token);
  const seconds = Math.max(1, opened.expires_in - EARLIER);
  setTimeout(() => keepOpen(password).catch(() => location.reload()), seconds * 1000);
  return opened;
}

async function start(password = null) {
  problem.hidden = true;
  try {
    await show(await keepOpen(password));
  } catch ({ code, message }) {
    form.hidden = false;
    problem.textContent = message;
    problem.hidden = code === 'PASSWORD_NEEDED';
  }
}

/** Shows the site, or the board. Without a choice in the address the page begins with the view of the link. */
async function show({ site, view, board }) {
  Object.assign(main.dataset, { site: site.key, name: site.name, timezone: site.timezone, ...(board && { board }) });
  if (!location.search) history.replaceState(null, '', address(view));
  title.textContent = document.title = site.name;
  main.classList.remove('narrow');
  main.replaceChildren();
  if (main.dataset.module) await import(main.dataset.module);
}

function address(view) {
  const pairs = Object.entries(view).flatMap(([key, value]) => [value].flat().map((one) => [key, one]));
  return `?${new URLSearchParams(pairs)}${location.hash}`;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  start(form.elements.password.value);
});
start();

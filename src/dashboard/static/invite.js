// The page of an invitation. Its token is behind the # of the address, which browsers do not send;
// the session of the tab keeps it while its user logs in.

import { t } from './text/words.js';

const byId = (id) => document.getElementById(id);
const [text, problem, accept] = ['invitation', 'problem', 'accept'].map(byId);
const token = location.hash.slice(1) || sessionStorage.getItem('invitation') || '';
sessionStorage.setItem('invitation', token);
history.replaceState(null, '', location.pathname);

async function post(path, then) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify({ token }) });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return then(answer);
  problem.textContent = answer.detail ?? t('The service gave no answer.');
  problem.hidden = false;
}

function show({ name, domain, role }) {
  text.textContent = t('You are invited to be {role} of {name} ({domain}).', { role, name, domain });
  accept.hidden = false;
}

function enter({ site }) {
  sessionStorage.removeItem('invitation');
  location.replace(`/?site=${encodeURIComponent(site)}`);
}

if (accept.matches('button')) {
  accept.addEventListener('click', () => post('/api/invitations/accept', enter));
}
text.textContent = '';
await post('/api/invitations/look', show);

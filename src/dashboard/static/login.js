// The login form. The login itself is a cookie that no script can read.

const byId = (id) => document.getElementById(id);
const [form, toggle, problem, title] = ['login', 'toggle', 'problem', 'title'].map(byId);
const submit = form.querySelector('button');
const { registration } = form.dataset;
const invitation = sessionStorage.getItem('invitation'); // see invite.js
let registering = false;

if (invitation && toggle) toggle.hidden = false;

async function post(path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (response.ok) return;
  const { detail } = await response.json().catch(() => ({}));
  throw new Error(detail ?? 'The service gave no answer.');
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const given = Object.fromEntries(new FormData(form));
  submit.disabled = true;
  problem.hidden = true;
  try {
    if (registering) {
      await post('/api/auth/register', { ...given, ...(registration === 'invite' && { invitation }) });
    }
    await post('/api/auth/login', given);
    location.replace(form.dataset.next); // the server let only its own paths in here
  } catch ({ message }) {
    problem.textContent = message;
    problem.hidden = false;
    submit.disabled = false;
  }
});

toggle?.addEventListener('click', () => {
  registering = !registering;
  const words = ['Log in', 'Create an account'];
  if (registering) words.reverse();
  title.textContent = submit.textContent = words[0];
  toggle.textContent = `${words[1]} instead`;
  form.elements.password.autocomplete = registering ? 'new-password' : 'current-password';
  problem.hidden = true;
});

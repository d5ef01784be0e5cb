// The buttons of the header on every page: sites, theme and logout; and the language, in the footer.

import { t } from './text/words.js';

const THEMES = { system: '◐', light: '☀', dark: '☾' };
const WORDS = { system: t('as the system'), light: t('light'), dark: t('dark') };
const root = document.documentElement;
const button = document.getElementById('theme');

const chosen = () => (root.dataset.theme in THEMES ? root.dataset.theme : 'system');

function show() {
  button.hidden = false;
  button.textContent = THEMES[chosen()];
  const words = t('Theme: {name}', { name: WORDS[chosen()] });
  button.ariaLabel = button.title = words;
}

button.addEventListener('click', () => {
  const names = Object.keys(THEMES);
  const next = names[(names.indexOf(chosen()) + 1) % names.length];
  root.dataset.theme = next;
  try {
    localStorage.setItem('theme', next);
  } catch {
    // It lasts as long as the page then.
  }
  show();
  root.dispatchEvent(new Event('themechange'));
});
show();

// Few visits of a page need the list, so its modules are loaded when it is opened first.
const sites = document.getElementById('switch');
sites?.addEventListener('click', async () => {
  const { toggle } = await import('./switcher.js');
  toggle(sites);
});
if (sites) sites.disabled = false;

document.getElementById('logout')?.addEventListener('click', async () => {
  await fetch('/api/auth/logout', { method: 'POST' });
  location.reload();
});

// Nothing on a page waits for the bell.
const bell = document.getElementById('notifications');
addEventListener('load', async () => {
  if (!bell) return;
  const { start } = await import('./bell.js');
  start(bell);
});
// The menu of more pages closes at Escape, and when pointer or focus go elsewhere.
const more = document.getElementById('more');
const leave = ({ target }) => more.contains(target) || more.removeAttribute('open');
for (const type of more ? ['pointerdown', 'focusin'] : []) document.addEventListener(type, leave);
more?.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !more.open) return;
  event.stopPropagation();
  more.open = false;
  more.querySelector('summary').focus();
});
// The server writes the page in the language of this cookie, else in one of the browser's.
document.getElementById('language')?.addEventListener('change', ({ target }) => {
  document.cookie = `analytics_language=${target.value}; path=/; max-age=31536000; samesite=lax`;
  location.reload();
});

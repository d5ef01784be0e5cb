// The bell of the header: how many notifications are unread, and the newest of them, as they come.

import { send } from './api/client.js';
import { watch } from './api/socket.js';
import { html, render, useEffect, useState } from './parts/html.js';
import { Popover } from './parts/popover.js';
import { count, ownMoment, percent, plural } from './text/format.js';
import { wordsOf } from './text/notifications.js';
import { t } from './text/words.js';

const MOST_COUNTED = 99;

/** Draws the bell in a box. @param {HTMLElement} box */
export const start = (box) => render(html`<${Bell} />`, box);

/** The newest notifications, as the service sends them; null until it has. */
function useInbox() {
  const [inbox, setInbox] = useState(null);
  useEffect(() => watch('notifications/ws', {}, { message: (data) => setInbox(JSON.parse(data)) }), []);
  return inbox;
}

/** Marks notifications as read. The service tells all pages of the account, this one too. */
const read = (what) => send('POST', 'notifications/read', what).catch(() => {});

/** Marks all as read. The button goes then: the focus stays in the panel, so that Escape closes it. */
function readAll({ target }, until) {
  target.closest('.notifications').querySelector('li > *').focus();
  return read({ until });
}

function Bell() {
  const inbox = useInbox();
  const unread = inbox?.unread ?? 0;
  const title = unread ? t('Notifications: {n} unread', { n: count(unread) }) : t('Notifications');
  const label = html`<${Sign} />${unread > 0 && html`<span class="badge" aria-hidden="true">${unread > MOST_COUNTED ? `${MOST_COUNTED}+` : unread}</span>`}`;
  return html`<${Popover} name="bell" className="icon bell" title=${title} label=${label}>
      ${() => html`<${Notifications} inbox=${inbox} />`}
    <//>
    <span class="hidden" aria-live="polite">${unread ? plural(unread, 'unread notification') : ''}</span>`;
}

const Sign = () => html`<svg viewBox="0 0 24 24" width="18" height="18" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
  <path d="M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15z" /><path d="M10 20.5h4" />
</svg>`;

function Notifications({ inbox }) {
  if (!inbox) return html`<p class="muted">${t('Loading …')}</p>`;
  if (!inbox.rows.length && !inbox.running.length) return html`<p class="muted">${t('Nothing yet: jobs that are done, alerts and goals are told here.')}</p>`;
  return html`<div class="notifications">
    <div class="title"><h2>${t('Notifications')}</h2>
      ${inbox.unread > 0 && html`<button type="button" class="plain" onClick=${(event) => readAll(event, inbox.rows[0].id)}>${t('Mark all as read')}</button>`}</div>
    ${inbox.running.map((job) => html`<${Running} key=${job.id} ...${{ job }} />`)}
    <ul>${inbox.rows.map((row) => html`<${Entry} key=${row.id} ...${{ row }} />`)}</ul>
  </div>`;
}

/** A job that runs. How much of it is done is not known of every one. */
function Running({ job: { report, progress } }) {
  const words = progress === null ? t('The job “{report}” runs', { report }) : t('The job “{report}” runs: {share}', { report, share: percent(progress) });
  return html`<label class="running"><span class="words">${words}</span> <progress value=${progress} max="1" /></label>`;
}

function Entry({ row }) {
  const { id, site_name: name, link, created_at: at, read_at: isRead } = row;
  const follow = () => isRead || read({ ids: [id] });
  const words = html`<span class="words">${wordsOf(row)}</span>
    <span class="muted">${[name, ownMoment(at)].filter(Boolean).join(' · ')}</span>`;
  return html`<li class=${isRead ? '' : 'unread'}>
    ${link.startsWith('/') ? html`<a href=${link} onClick=${follow}>${words}</a>` : html`<button type="button" onClick=${follow}>${words}</button>`}
  </li>`;
}

// Whether events arrive; while none does, what the service sees instead of them.

import { get } from '../../api/client.js';
import { Card } from '../../parts/card.js';
import { html, useEffect, useState } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { plural } from '../../text/format.js';
import { t } from '../../text/words.js';
import { contains } from './roles.js';

const EVERY = 4_000;
const RECENT = 30 * 60_000;
const PATIENCE = 60_000;

const ADVICE = {
  FOREIGN_HOST: t('Add the host to the list below, or empty the list.'),
  KEY_REQUIRED: t('Take the tick from “Only with an API key” below, or send a key.'),
};

const isRecent = (time) => new Date(time) > Date.now() - RECENT;
const none = () => [];

/** What came in the last 30 minutes: events, rejected events by reason, bots. */
async function look({ key, role }) {
  const [live, rejected, bots] = await Promise.all([
    get('realtime/stats', { site: key }),
    contains(role, 'editor') ? get(`sites/${key}/rejected`, { limit: 20 }).catch(none) : [],
    get('analytics/bots', { site: key }).then(({ rows }) => rows, none),
  ]);
  const reasons = Map.groupBy(rejected.filter((one) => isRecent(one.received_at)), (one) => one.error);
  return { latest: live.latest[0], reasons: [...reasons], bots: bots.filter((one) => isRecent(one.last_seen)) };
}

function useArrivals(site) {
  const [seen, setSeen] = useState({ latest: null, reasons: [], bots: [], since: Date.now() });
  useEffect(() => {
    const ask = () => document.hidden || look(site).then(
      (found) => setSeen((old) => ({ ...old, ...found, error: null })),
      (error) => setSeen((old) => ({ ...old, error })),
    );
    ask();
    const timer = setInterval(ask, EVERY);
    return () => clearInterval(timer);
  }, [site.key]);
  return seen;
}

export function Arrivals({ site }) {
  const { latest, reasons, bots, error, since } = useArrivals(site);
  const isNothing = !latest && !reasons.length && !bots.length;
  return html`<${Card} id="arrivals" title=${t('Events')}>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    ${latest ? html`<${Receiving} ...${{ latest, site }} />` : html`<p role="status"><span class="dot waiting" aria-hidden="true"></span> ${t('Waiting for the first event …')}</p>`}
    ${!latest && html`<p class="muted">${t('Open a page that has the snippet. This looks every few seconds for events of the last 30 minutes.')}</p>`}
    <ul class="reasons" aria-live="polite">
      ${reasons.map(([code, events]) => html`<${Reason} key=${code} ...${{ code, events }} />`)}
      ${bots.map(({ name, events }) => html`<li key=${name}><strong>${t('{requests} of a bot', { requests: plural(events, 'request') })}</strong>, ${name}: ${t('the report on bots has them, no other number does.')}</li>`)}
    </ul>
    ${isNothing && Date.now() - since > PATIENCE && html`<${Hints} site=${site} />`}
  <//>`;
}

function Receiving({ latest: { name, page }, site }) {
  return html`<p role="status"><span class="dot" aria-hidden="true"></span> ${t('Events arrive. The last one:')} ${name}</p>
    <p class="arrived" title=${page}><code><${Cut} text=${page ?? ''} /></code></p>
    <p><a href=${`/api/realtime?${new URLSearchParams({ site: site.key })}`}>${t('Watch them live')}</a></p>`;
}

function Reason({ code, events }) {
  const host = code === 'FOREIGN_HOST' && hostOf(events[0].payload);
  return html`<li><strong>${t('{events} rejected', { events: plural(events.length, 'event') })}</strong> – ${events[0].detail} (${code}). ${host && html`${t('It came from')} <code>${host}</code>. `}${ADVICE[code]}</li>`;
}

/** The host that an event names, or its address has; null for one that does neither. */
function hostOf(payload) {
  try {
    const { hostname, page } = JSON.parse(payload);
    return hostname || new URL(page).hostname;
  } catch {
    return null;
  }
}

function Hints({ site }) {
  return html`<p>${t('Nothing has come for a minute. What it may be:')}</p>
    <ul class="hints">
      <li>${t('The page has no snippet, or an old copy of it is cached.')}</li>
      <li>${t('An ad blocker or the content policy of the page blocks the script: see the console of the browser.')}</li>
      <li>${t('The page is at localhost or opened from a file: add data-local to the snippet to count it.')}</li>
      <li>${t('The snippet names another site: data-site must be {key}.', site)}</li>
    </ul>`;
}

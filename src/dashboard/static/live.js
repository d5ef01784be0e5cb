// The live page. Each message is a whole snapshot, so a lost connection loses nothing.

import { watch } from './api/socket.js';
import { element } from './dom.js';
import { busiest, Minutes, viewsPerMinute } from './pages/live/minutes.js';
import { Top } from './pages/live/top.js';
import { html, render } from './parts/html.js';
import { CLOCK, count, country, dates, decimal, plural } from './text/format.js';
import { t } from './text/words.js';

const byId = (id) => document.getElementById(id);
const main = byId('main');
const { site, name, timezone } = main.dataset;

const ANNOUNCE_EVERY = 20_000;
const STREAM_ROWS = 20;

const clock = dates(timezone, { ...CLOCK, second: '2-digit' });

function show(picture) {
  byId('visitors-now').textContent = count(picture.visitors_now);
  document.title = `${t('{n} now', { n: count(picture.visitors_now) })} · ${name}`;
  announce(plural(picture.visitors_now, 'current visitor'));
  byId('visits-now').textContent = count(picture.visits_now);
  byId('views-per-minute').textContent = decimal(viewsPerMinute(picture));
  showMinutes(picture);
  showTop(picture);
  for (const total of main.querySelectorAll('[data-total]')) {
    total.textContent = count(picture.today[total.dataset.total]);
  }
  latest = picture.latest;
  if (!isPaused()) showStream(latest);
}

let latest = [];

const isPaused = () => byId('pause').ariaPressed === 'true';

/** Holds the list of events still, for somebody who reads it; numbers go on. */
byId('pause').addEventListener('click', ({ currentTarget: button }) => {
  const held = !isPaused();
  button.ariaPressed = `${held}`;
  button.textContent = t(held ? 'Go on' : 'Pause');
  if (!held) showStream(latest);
});

let spoken = -Infinity;

/** Has screen readers announce a change, but not every one. */
function announce(words) {
  const now = performance.now();
  if (words === byId('announcement').textContent || now - spoken < ANNOUNCE_EVERY) return;
  spoken = now;
  byId('announcement').textContent = words;
}

function showMinutes(picture) {
  render(html`<${Minutes} picture=${picture} />`, byId('minutes'));
  byId('busiest').textContent = busiest(picture);
  byId('minutes').ariaLabel = t('The last 30 minutes: {what}', { what: busiest(picture) });
}

const showTop = (picture) => render(html`<${Top} picture=${picture} />`, byId('top'));
showTop(null);

/** Puts new events on top, highlighted until the next message unless the stream has just begun. Nothing
 *  moves: animations had a page that is left open use three times the processor. */
function showStream(events) {
  const stream = byId('stream');
  const known = new Set([...stream.children].map((row) => row.dataset.id));
  const rows = events.filter(({ id }) => !known.has(id)).map(eventRow);
  for (const row of stream.children) row.className = '';
  if (known.size) for (const row of rows) row.className = 'new';
  stream.prepend(...rows);
  while (stream.childElementCount > STREAM_ROWS) stream.lastElementChild.remove();
}

function eventRow({ id, time, name: event, page, title, ...visit }) {
  const badge = event === 'pageview' ? [] : element('b', {}, event);
  const facts = [visit.device, visit.browser, visit.source].filter(Boolean).join(' · ');
  return element(
    'li',
    { 'data-id': id },
    element('time', { datetime: time }, clock(time)),
    element('span', { class: 'place', title: country(visit.country) }, visit.country),
    element('span', { class: 'what', title: title || page }, badge, page || t('(no page)')),
    element('span', { class: 'facts' }, facts),
  );
}

const WORDS = { live: t('Live'), reconnecting: t('Reconnecting') };

function say(state) {
  byId('connection').dataset.state = state;
  byId('connection').lastElementChild.textContent = WORDS[state];
}

watch('realtime/ws', { site }, { message: (data) => show(JSON.parse(data)), state: say });

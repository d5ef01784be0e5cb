// The live page. Each message is a whole snapshot, so a lost connection loses nothing.

import { element, ranking } from './dom.js';
import { CLOCK, count, country, dates, plural } from './text/format.js';
import { t } from './text/words.js';

const byId = (id) => document.getElementById(id);
const main = byId('main');
const { site, name, timezone } = main.dataset;

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
const ANNOUNCE_EVERY = 20_000;
const STREAM_ROWS = 20;
const FORBIDDEN = 1008;

const clock = dates(timezone, { ...CLOCK, second: '2-digit' });

function show(picture) {
  byId('visitors-now').textContent = count(picture.visitors_now);
  document.title = `${t('{n} now', { n: count(picture.visitors_now) })} · ${name}`;
  announce(plural(picture.visitors_now, 'current visitor'));
  showMinutes(picture.minutes);
  showPages(picture.top_pages);
  for (const total of main.querySelectorAll('[data-total]')) {
    total.textContent = count(picture.today[total.dataset.total]);
  }
  showStream(picture.latest);
}

let spoken = -Infinity;

/** Has screen readers announce a change, but not every one. */
function announce(words) {
  const now = performance.now();
  if (words === byId('announcement').textContent || now - spoken < ANNOUNCE_EVERY) return;
  spoken = now;
  byId('announcement').textContent = words;
}

function showMinutes(minutes) {
  const box = byId('minutes');
  const most = Math.max(...minutes);
  const bars = minutes.map((number, index) => {
    const title = t('{events}, {minutes} min ago', { events: plural(number, 'event'), minutes: minutes.length - 1 - index });
    const bar = element('span', { title });
    bar.style.height = `${(number / (most || 1)) * 100}%`;
    return bar;
  });
  box.replaceChildren(...bars);
  byId('busiest').textContent = t('at most {events} a minute', { events: plural(most, 'event') });
  box.ariaLabel = t('The last 30 minutes: {what}', { what: byId('busiest').textContent });
}

function showPages(pages) {
  const numbers = [[t('Views'), 'pageviews', count], [t('Visitors'), 'visitors', count]];
  byId('top-pages').replaceChildren(ranking(t('Page'), ({ page }) => page, numbers, pages));
}

/** Puts new events on top, highlighted unless the stream has just begun. */
function showStream(events) {
  const stream = byId('stream');
  const known = new Set([...stream.children].map((row) => row.dataset.id));
  const rows = events.filter(({ id }) => !known.has(id)).map(eventRow);
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

function say(state, words) {
  byId('connection').dataset.state = state;
  byId('connection').lastElementChild.textContent = words;
}

let failures = 0;

function connect() {
  const address = new URL(`/api/realtime/ws?${new URLSearchParams({ site })}`, location.href);
  address.protocol = address.protocol.replace('http', 'ws');
  const socket = new WebSocket(address);
  socket.addEventListener('message', ({ data }) => {
    failures = 0;
    say('live', t('Live'));
    show(JSON.parse(data));
  });
  socket.addEventListener('close', ({ code }) => {
    if (code === FORBIDDEN) location.reload(); // the login ended: the page asks for it
    say('reconnecting', t('Reconnecting'));
    setTimeout(connect, nextWait());
  });
}

/** Up to twice as long after each failure, at random: viewers must not all return at once. */
function nextWait() {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures);
  failures += 1;
  return longest * (0.5 + Math.random() / 2);
}

connect();

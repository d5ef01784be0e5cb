// The overview: the address says what is chosen, the API answers, chart and cards draw it.

import { CARDS } from './cards.js';
import { drawChart } from './chart.js';
import { element, table } from './dom.js';
import { CLOCK, DAY, dates, decimal, duration, percent, plural, short } from './format.js';

const byId = (id) => document.getElementById(id);
const main = byId('main');
const { site, timezone } = main.dataset;
const NOW_EVERY = 20_000;

const METRICS = {
  visitors: { show: short },
  visits: { show: short },
  pageviews: { show: short },
  views_per_visit: { show: decimal, scale: 'decimal' },
  bounce_rate: { show: percent, scale: 'share' },
  visit_duration: { show: duration, scale: 'seconds' },
};

// Every choice is a button: its name is a key of the address. The page comes with the defaults.
const buttons = [...main.querySelectorAll('button[name]')];
const pairs = (chosen) => Object.fromEntries(chosen.map(({ name, value }) => [name, value]));
const DEFAULTS = pairs(buttons.filter((button) => button.ariaPressed === 'true'));
const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

/** What is chosen by the address, or by default. */
function choices() {
  const asked = new URLSearchParams(location.search);
  const chosen = buttons.filter(({ name, value }) => asked.get(name) === value);
  const steps = asked.has('step') ? asked.getAll('step') : lines(byId('steps').defaultValue);
  return { ...DEFAULTS, ...pairs(chosen), steps, timezone };
}

/** Writes a choice into the address, so that the back button undoes it. */
function choose(name, values) {
  const asked = new URLSearchParams(location.search);
  asked.set('site', site);
  asked.delete(name);
  for (const value of values) asked.append(name, value);
  history.pushState(null, '', `?${asked}`);
  showAll();
}

function address(report, params) {
  const asked = new URLSearchParams({ site });
  for (const [key, values] of Object.entries(params)) {
    for (const value of [values].flat()) asked.append(key, value);
  }
  return `/api/analytics/${report}?${asked}`;
}

/** The API's answer. Throws an Error with the API's own words. */
async function answer(url, signal) {
  const response = await fetch(url, { signal });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.detail ?? 'The service gave no answer.');
  return body;
}

const latest = {};

/** Asks for a card and draws it. The same question is not asked twice; a newer one wins. */
async function load(id, report, params, draw) {
  const url = address(report, params);
  if (latest[id]?.url === url) return latest[id].found && draw(latest[id].found);
  latest[id]?.turn.abort();
  const mine = (latest[id] = { url, turn: new AbortController() });
  const card = byId(id);
  card.ariaBusy = 'true';
  card.querySelector('.csv').href = address(report, { ...params, limit: 1000, format: 'csv' });
  try {
    mine.found = await answer(url, mine.turn.signal);
    draw(mine.found);
    card.querySelector('.origin').textContent = `from ${mine.found.source.replaceAll('+', ' + ')}`;
  } catch (error) {
    if (mine !== latest[id]) return;
    delete latest[id];
    const words = error instanceof TypeError ? 'The service cannot be reached.' : error.message;
    fill(id, element('p', { class: 'error', role: 'alert' }, words));
  }
  card.ariaBusy = 'false';
}

const fill = (id, node) => byId(id).querySelector('.body').replaceChildren(node);

function showAll() {
  const chosen = choices();
  const [, number, unit] = chosen.period.match(/(\d+)(.)/);
  const range = { [unit === 'h' ? 'hours' : 'days']: number };
  for (const button of buttons) button.ariaPressed = String(chosen[button.name] === button.value);
  const interval = unit === 'h' ? 'hour' : 'day';
  load('series', 'timeseries', { ...range, interval }, (found) => showSeries(found, chosen.metric));
  byId('steps').value = chosen.steps.join('\n');
  for (const [id, { report, ask, draw }] of Object.entries(CARDS)) {
    const asked = ask(chosen);
    if (!asked) fill(id, draw());
    else load(id, report, asked.from ? asked : { ...range, ...asked }, ({ rows }) => fill(id, draw(rows, chosen)));
  }
}

function showSeries(found, metric) {
  const { show, scale } = METRICS[metric];
  for (const button of buttons.filter(({ name }) => name === 'metric')) {
    button.querySelector('.value').textContent = METRICS[button.value].show(found.totals[button.value]);
  }
  const label = main.querySelector(`[value="${metric}"] .label`).textContent;
  const points = pointsOf(found, metric);
  const about = `${label}, ${points[0]?.title} to ${points.at(-1)?.title}; as a table below`;
  const columns = [['Time', ({ title }) => title], [label, ({ value }) => show(value), 'number']];
  byId('numbers').replaceChildren(table(columns, points));
  if (!found.totals.visits) return fill('series', invitation());
  const box = element('figure');
  fill('series', box);
  drawChart(box, { points, show, scale, label: about });
}

/** The buckets as points; the first and the last may be incomplete. */
function pointsOf({ rows, query }, metric) {
  const hourly = query.interval === 'hour';
  const axis = dates(query.timezone, hourly ? CLOCK : DAY);
  const title = dates(query.timezone, { weekday: 'short', ...DAY, ...(hourly && CLOCK) });
  return rows.map((row, index) => ({
    // A series has no views per visit of its own.
    value: metric in row ? row[metric] : row.visits ? row.pageviews / row.visits : null,
    axis: axis(row.time),
    title: title(row.time),
    partial: row.time < query.from || index === rows.length - 1,
  }));
}

/** What to do about a site without visits. */
function invitation() {
  const snippet = `<script defer src="${location.origin}/script.js" data-site="${site}"></script>`;
  const words = 'No visits in this period yet. Include the tracker:';
  return element('div', { class: 'empty' }, words, element('pre', { tabindex: 0 }, snippet));
}

async function showNow() {
  if (document.hidden) return;
  const url = `/api/realtime/stats?${new URLSearchParams({ site })}`;
  const found = await answer(url).catch(() => null);
  const words = found ? plural(found.visitors_now, 'current visitor') : 'Live';
  const number = byId('visitors-now');
  if (number.textContent !== words) number.textContent = words; // a change is read aloud
}

for (const button of buttons) {
  button.addEventListener('click', () => choose(button.name, [button.value]));
}
main.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  choose('step', lines(byId('steps').value));
});
addEventListener('popstate', showAll);
addEventListener('resize', showAll);
showAll();
showNow();
setInterval(showNow, NOW_EVERY);

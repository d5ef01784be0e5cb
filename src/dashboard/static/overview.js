// The overview: choices are in the address; chart and cards draw what the API returns for them.

import { CARDS } from './cards.js';
import { drawChart } from './chart.js';
import { element, table } from './dom.js';
import { CLOCK, DAY, count, dates, decimal, duration, percent, plural } from './format.js';

const byId = (id) => document.getElementById(id);
const main = byId('main');
const { site } = main.dataset;
const NOW_EVERY = 20_000;

const SCALES = {
  views_per_visit: { show: decimal, scale: 'decimal' },
  bounce_rate: { show: percent, scale: 'share' },
  visit_duration_seconds: { show: duration, scale: 'seconds' },
};
const scaleOf = (metric) => SCALES[metric] ?? { show: count };

// Every choice is a button whose name is a parameter of the address. The template marks the defaults.
const buttons = [...main.querySelectorAll('button[name]')];
const pairs = (chosen) => Object.fromEntries(chosen.map(({ name, value }) => [name, value]));
const DEFAULTS = pairs(buttons.filter((button) => button.ariaPressed === 'true'));
const lines = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

/** The choices in the address, or else the defaults. */
function choices() {
  const asked = new URLSearchParams(location.search);
  const chosen = buttons.filter(({ name, value }) => asked.get(name) === value);
  const steps = asked.has('step') ? asked.getAll('step') : lines(byId('steps').defaultValue);
  return { ...DEFAULTS, ...pairs(chosen), steps };
}

function withValues(asked, params) {
  for (const [key, values] of Object.entries(params)) {
    asked.delete(key);
    for (const value of [values].flat()) asked.append(key, value);
  }
  return asked;
}

/** Writes a choice into the address, so that the back button undoes it. */
function choose(choice) {
  const asked = withValues(new URLSearchParams(location.search), { site, ...choice });
  history.pushState(null, '', `?${asked}`);
  showAll();
}

const address = (path, params) =>
  `/api/${path}?${withValues(new URLSearchParams({ site }), params)}`;

/** The API's answer. Throws an Error with the detail of a refusal. */
async function answer(url, signal) {
  const response = await fetch(url, { signal });
  if (response.ok) return response.json();
  const { detail } = await response.json().catch(() => ({}));
  throw new Error(detail ?? 'The service gave no answer.');
}

const latest = {};
const redraw = (answered) => answered?.found && answered.draw(answered.found);

/** Loads a card and draws it. A query is not repeated; only the answer to the newest is drawn. */
async function load(id, path, params, draw) {
  const url = address(path, params);
  if (latest[id]?.url === url) return redraw(Object.assign(latest[id], { draw }));
  latest[id]?.turn.abort();
  const mine = (latest[id] = { url, draw, turn: new AbortController() });
  const card = byId(id);
  card.ariaBusy = 'true';
  const all = 'limit' in params && { limit: 1000 };
  card.querySelector('.csv').href = address(path, { ...params, ...all, format: 'csv' });
  try {
    mine.found = await answer(url, mine.turn.signal);
    redraw(mine);
    card.querySelector('.origin').textContent = `from ${mine.found.engine.replaceAll('+', ' + ')}`;
  } catch (error) {
    if (mine !== latest[id]) return;
    delete latest[id];
    for (const old of card.querySelectorAll('.origin, .value, #numbers')) old.textContent = '–';
    fill(id, problem(error instanceof TypeError ? 'The service cannot be reached.' : error.message));
  }
}

function problem(words) {
  const again = element('button', { type: 'button', class: 'quiet' }, 'Try again');
  again.addEventListener('click', showAll);
  return element('div', { class: 'error', role: 'alert' }, element('p', {}, words), again);
}

/** Puts a drawing into a card, or its text for no data. */
function fill(id, drawing) {
  const card = byId(id);
  const words = element('p', { class: 'empty' }, card.dataset.empty);
  card.querySelector('.body').replaceChildren(drawing || words);
  card.ariaBusy = 'false';
}

function showAll() {
  const chosen = choices();
  const [, number, unit] = chosen.period.match(/(\d+)(.)/);
  const range = { [unit === 'h' ? 'hours' : 'days']: number };
  for (const button of buttons) button.ariaPressed = String(chosen[button.name] === button.value);
  const series = { ...range, interval: unit === 'h' ? 'hour' : 'day' };
  load('series', 'analytics/timeseries', series, (found) => showSeries(found, chosen.metric));
  byId('steps').value = chosen.steps.join('\n');
  for (const [id, { report, ask, draw }] of Object.entries(CARDS)) {
    const asked = ask(chosen[id], chosen.steps);
    const show = ({ rows }) => fill(id, rows.length && draw(rows, chosen[id]));
    // Periods are counted back from now, whatever the range.
    const params = { ...(asked?.periods ? {} : range), ...asked };
    if (asked) load(id, `analytics/${report}`, params, show);
    else fill(id);
  }
}

function showSeries(found, metric) {
  const { show, scale } = scaleOf(metric);
  for (const { name, value, lastElementChild } of buttons) {
    if (name === 'metric') lastElementChild.textContent = scaleOf(value).show(found.totals[value]);
  }
  const label = main.querySelector(`[value="${metric}"] .label`).textContent;
  const points = pointsOf(found, metric);
  const about = `${label}, ${points[0]?.title} to ${points.at(-1)?.title}`;
  const columns = [['Time', ({ title }) => title], [label, ({ value }) => show(value), 'number']];
  byId('numbers').replaceChildren(table(columns, points));
  const box = element('figure');
  byId('tracker').hidden = found.totals.visits > 0;
  fill('series', found.totals.visits && box);
  drawChart(box, { points, show, scale, label: about });
}

function pointsOf({ rows, query }, metric) {
  const hourly = query.interval === 'hour';
  const axis = dates(query.timezone, hourly ? CLOCK : DAY);
  const title = dates(query.timezone, { weekday: 'short', ...DAY, ...(hourly && CLOCK) });
  return rows.map((row) => ({
    // A series has no views per visit.
    value: metric in row ? row[metric] : row.visits ? row.pageviews / row.visits : null,
    axis: axis(row.time),
    title: title(row.time),
    partial: !row.complete,
  }));
}

async function showNow() {
  if (document.hidden) return;
  const now = await answer(address('realtime/stats', {})).catch(() => null);
  const words = now ? plural(now.visitors_now, 'current visitor') : 'Live';
  const place = byId('visitors-now');
  if (place.textContent !== words) place.textContent = words; // a change is read aloud
}

for (const button of buttons) {
  button.addEventListener('click', () => choose(pairs([button])));
}
main.querySelector('form').addEventListener('submit', (event) => {
  event.preventDefault();
  choose({ step: lines(byId('steps').value) });
});
addEventListener('popstate', showAll);
addEventListener('resize', () => redraw(latest.series));
showAll();
showNow();
setInterval(showNow, NOW_EVERY);

// The cards below the chart: which report each one loads, and how it draws the rows.

import { bar, element, ranking, table } from './dom.js';
import { CLOCK, DAY, capital, count, country, dates, duration, flag, percent } from './format.js';

const { timezone } = document.getElementById('main').dataset;
const SHOWN = 9;
const WEEKS = 8;

const bare = { totals: 'false' };
const by = (dimension) => ({ dimension, limit: SHOWN + 1, ...bare }); // one may be left out

/** By id: the report, its parameters besides the range (null: not known yet), how to draw rows. */
export const CARDS = {
  sources: { report: 'traffic-sources', ask: by, draw: breakdown },
  pages: {
    report: 'pages',
    ask: (tab) => ({ limit: SHOWN, order: PAGE_NUMBERS[tab][0][1], ...bare }),
    draw: (rows, tab) => ranking('Page', ({ page }) => page, PAGE_NUMBERS[tab], rows),
  },
  devices: { report: 'devices', ask: by, draw: breakdown },
  funnel: {
    report: 'funnel',
    ask: (_, steps) => (steps.length ? { steps } : null),
    draw: (rows) => rows[0].count && element('ol', {}, rows.map(step)),
  },
  retention: { report: 'retention', ask: () => ({ periods: WEEKS }), draw: retention },
  bots: { report: 'bots', ask: () => ({ limit: SHOWN }), draw: bots },
  sessions: { report: 'sessions', ask: () => ({ limit: SHOWN, ...bare }), draw: sessions },
};

const UNKNOWN = { source: 'Direct', referrer: 'No referrer' };
const WRITTEN = { country: (code) => `${flag(code)} ${country(code)}`, device: capital };

function breakdown(rows, dimension) {
  const known = rows.filter((row) => row[dimension] || dimension !== 'campaign');
  const write = WRITTEN[dimension] ?? String;
  const label = ({ [dimension]: value }) =>
    value ? write(value) : (UNKNOWN[dimension] ?? 'Unknown');
  const numbers = [['Visits', 'visits', count], ['Share', 'share', percent]];
  return ranking(capital(dimension), label, numbers, known);
}

const PAGE_NUMBERS = {
  top: [['Views', 'pageviews', count], ['Visitors', 'visitors', count]],
  entry: [['Entries', 'entries', count], ['Bounce rate', 'bounce_rate', percent]],
  exit: [['Exits', 'exits', count], ['Visits', 'visits', count]],
};

function step(row) {
  const share = `${percent(row.share_of_previous)} of the step before`;
  const rest = `${count(row.dropped)} left, median ${duration(row.median_seconds)}`;
  return element(
    'li',
    {},
    bar(row.share_of_first),
    element('span', { title: row.label }, row.label),
    element('strong', {}, count(row.count)),
    element('small', {}, row.step === 1 ? 'began' : `${share}, ${rest}`),
  );
}

function retention(rows) {
  const day = dates('UTC', DAY); // a cohort is a calendar day
  const columns = [
    ['Week of', ({ cohort }) => day(cohort)],
    ['New', ({ size }) => count(size), 'number'],
  ];
  for (let week = 0; week < WEEKS; week += 1) {
    columns.push([`${week}`, (row) => shade(row, week), 'cell']);
  }
  return table(columns, rows);
}

function shade({ retained, rates, size }, week) {
  const rate = rates[week];
  if (rate === null) return [];
  const title = `${count(retained[week])} of ${count(size)}`;
  const made = element('span', { title, class: rate > 0.4 ? 'strong' : '' }, percent(rate));
  // Most shares are small; their square root makes them easier to tell apart.
  made.style.setProperty('--shade', `${Math.sqrt(rate) * 100}%`);
  return made;
}

function bots(rows) {
  const seen = ['Last seen', 'last_seen', dates(timezone, DAY)];
  const numbers = [['Requests', 'events', count], seen];
  return ranking('Bot', ({ bot, category }) => `${bot} (${category})`, numbers, rows);
}

function sessions(rows) {
  const time = dates(timezone, { ...DAY, ...CLOCK });
  const who = (row) => `${flag(row.country)} ${row.browser || 'Unknown'}, ${row.device}`;
  const columns = [
    ['Started', ({ started }) => time(started), 'when'],
    ['Entry → exit', way, 'way'],
    ['Duration', (row) => duration(row.duration_seconds), 'number'],
    ['Source', ({ source, channel }) => source || channel, 'extra'],
    ['Visitor', who, 'extra'],
  ];
  return table(columns, rows);
}

/** Entry and exit page, and below them all pages of the visit. */
function way({ entry_page: entry, exit_page: exit, path }) {
  if (path.length < 2) return entry || '(no page viewed)';
  const all = path.length > 2 ? element('small', {}, path.join(' › ')) : '';
  return [`${entry} → ${exit}`, all];
}

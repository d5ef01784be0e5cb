// The cards below the chart: what each asks the API, and how it draws the answer's rows.

import { bar, element, ranking, table } from './dom.js';
import {
  CLOCK, DAY, capital, count, country, dates, duration, flag, mondayBefore, percent, plural,
} from './format.js';

const SHOWN = 9;
const WEEKS = 8;
const LONGEST_PATH = 7;

const empty = (words) => element('p', { class: 'empty' }, words);
const NO_VISITS = 'No visits in this period yet.';

/** By id: the report, what to ask beyond the range (null: nothing yet), how to draw the rows. */
export const CARDS = {
  sources: {
    report: 'traffic-sources',
    ask: ({ sources }) => ({ dimension: sources, limit: SHOWN + 1 }), // one may be unknown
    draw: (rows, { sources }) => breakdown(rows, sources),
  },
  pages: {
    report: 'pages',
    // The API ranks by page views only; entries and exits are ranked here.
    ask: ({ pages }) => ({ limit: pages === 'top' ? SHOWN : 1000 }),
    draw: pages,
  },
  devices: {
    report: 'devices',
    ask: ({ devices }) => ({ dimension: devices, limit: SHOWN }),
    draw: (rows, { devices }) => breakdown(rows, devices),
  },
  funnel: {
    report: 'funnel',
    ask: ({ steps }) => (steps.length ? { steps } : null),
    draw: funnel,
  },
  retention: {
    report: 'retention',
    ask: ({ timezone }) => ({ from: mondayBefore(WEEKS - 1, timezone), periods: WEEKS }),
    draw: retention,
  },
  bots: { report: 'bots', ask: () => ({ limit: SHOWN }), draw: bots },
  sessions: { report: 'sessions', ask: () => ({ limit: SHOWN }), draw: sessions },
};

const UNKNOWN = { source: 'Direct', referrer: 'No referrer' };
const WRITTEN = { country: (code) => `${flag(code)} ${country(code)}`, device: capital };

function breakdown(rows, dimension) {
  const known = dimension === 'campaign' ? rows.filter(({ value }) => value) : rows;
  if (!rows.length) return empty(NO_VISITS);
  if (!known.length) return empty('No campaigns in this period. Tag links with utm_campaign.');
  const write = WRITTEN[dimension] ?? String;
  const label = ({ value }) => (value ? write(value) : (UNKNOWN[dimension] ?? 'Unknown'));
  const numbers = [['Visits', 'visits', count], ['Share', 'share', percent]];
  return ranking(capital(dimension), label, numbers, known.slice(0, SHOWN));
}

const PAGE_NUMBERS = {
  top: [['Views', 'pageviews', count], ['Visitors', 'visitors', count]],
  entry: [['Entries', 'entries', count], ['Bounce rate', 'bounce_rate', percent]],
  exit: [['Exits', 'exits', count], ['Visits', 'visits', count]],
};

function pages(rows, { pages: tab }) {
  const size = PAGE_NUMBERS[tab][0][1];
  const ranked = rows.filter((row) => row[size]).sort((a, b) => b[size] - a[size]);
  if (!ranked.length) return empty('No page views in this period yet.');
  return ranking('Page', ({ page }) => page, PAGE_NUMBERS[tab], ranked.slice(0, SHOWN));
}

function funnel(rows) {
  if (!rows?.length) return empty('Name the steps of your funnel below.');
  if (!rows[0].count) return empty('Nobody took the first step in this period.');
  return element('ol', {}, rows.map(step));
}

function step({ step: place, label, count: number, ...row }) {
  const took = row.median_seconds === null ? '' : `, median ${duration(row.median_seconds)}`;
  const share = `${percent(row.share_of_previous)} of the step before`;
  return element(
    'li',
    {},
    bar(row.share_of_first),
    element('span', { title: label }, label),
    element('strong', {}, count(number)),
    element('small', {}, place === 1 ? 'started' : `${share}, ${count(row.dropped)} left${took}`),
  );
}

function retention(rows) {
  if (!rows.length) return empty('No visitors in the last 8 weeks yet.');
  const day = dates('UTC', DAY); // a cohort is a calendar day
  const weeks = Array.from({ length: WEEKS }, (_, week) => [
    String(week),
    (row) => shade(row, week),
    'cell',
  ]);
  const week = ['Week of', ({ cohort }) => day(cohort)];
  return table([week, ['New', ({ size }) => count(size), 'number'], ...weeks], rows);
}

function shade({ retained, rates, size }, week) {
  const rate = rates[week];
  if (rate === null) return [];
  const title = `${count(retained[week])} of ${count(size)}`;
  const made = element('span', { title, class: rate > 0.4 ? 'strong' : '' }, percent(rate));
  // The root makes small shares, which are what there is to see, tell apart.
  made.style.setProperty('--shade', `${Math.sqrt(rate) * 100}%`);
  return made;
}

function bots(rows, { timezone }) {
  if (!rows.length) return empty('No bots in this period.');
  const seen = ['Last seen', 'last_seen', dates(timezone, DAY)];
  const numbers = [['Requests', 'events', count], ['Pages', 'pages', count], seen];
  return ranking('Bot', ({ bot, category }) => `${bot} (${category})`, numbers, rows);
}

function sessions(rows, { timezone }) {
  if (!rows.length) return empty(NO_VISITS);
  const time = dates(timezone, { ...DAY, ...CLOCK });
  const columns = [
    ['Started', ({ started }) => time(started), 'when'],
    ['Entry → exit', way, 'way'],
    ['Duration', (row) => duration(row.duration), 'number'],
    ['Source', ({ source, channel }) => source || channel, 'extra'],
    ['Visitor', (row) => `${flag(row.country)} ${row.browser || 'Unknown'}, ${row.device}`, 'extra'],
  ];
  return table(columns, rows);
}

/** Entry and exit, and below what lay between. */
function way({ entry_page: entry, exit_page: exit, path }) {
  if (path.length < 2) return entry || '(no page viewed)';
  if (path.length === 2) return `${entry} → ${exit}`;
  const more = path.length - LONGEST_PATH;
  const shown = path.slice(0, LONGEST_PATH).concat(more > 0 ? `${more} more` : []);
  return [`${entry} → ${exit}`, element('small', {}, shown.join(' › '))];
}

// The cards: for each tab the report that it asks, what a row is called, and its numbers.

/** @typedef {object} Tab
 * @property {string} key
 * @property {string} words
 * @property {string} report
 * @property {string} label the column that names a row
 * @property {string} [dimension] what a click on a row filters by; a row of a bot filters by nothing
 * @property {Record<string, unknown>} [params] parameters of the report beside those of the view
 * @property {string[]} numbers columns shown in the card; the first is the size of the bar
 * @property {string[]} columns columns of the details, in order
 * @property {string} [asks] the parameter of the address for a name that has to be given first
 * @property {string} empty what is said instead of no rows
 * @property {boolean} [skipsEmpty] whether rows without a value are left out */

const BREAKDOWN = ['visits', 'visitors', 'share', 'views_per_visit', 'bounce_rate', 'visit_duration_seconds'];

/** Visits by a dimension. @returns {Tab} */
const by = (report, key, words, more = {}) => ({
  key,
  words,
  report,
  label: key,
  dimension: key,
  params: { dimension: key, totals: false },
  numbers: ['visits', 'share'],
  columns: BREAKDOWN,
  empty: 'No visits in this range.',
  ...more,
});

const utm = (key, words) =>
  by('traffic-sources', key, words, { skipsEmpty: true, empty: `No visit in this range has a ${words.toLowerCase()}.` });

const PAGE_COLUMNS = ['pageviews', 'visitors', 'entries', 'exits', 'bounce_rate', 'exit_rate', 'time_on_page_seconds', 'scroll_depth'];

/** Pages by one of their numbers. @returns {Tab} */
const pages = (key, words, dimension, numbers) => ({
  key,
  words,
  report: 'pages',
  label: 'page',
  dimension,
  params: { order: `${numbers[0]}:desc`, totals: false },
  numbers,
  columns: PAGE_COLUMNS,
  empty: 'No page views in this range.',
});

/** Values of a dimension of events with the page views that have them. @returns {Tab} */
const values = (key, words) => ({
  key,
  words,
  report: 'values',
  label: key,
  dimension: key,
  params: { dimension: key },
  numbers: ['count'],
  columns: ['count'],
  empty: 'No page views in this range.',
});

/** By id; `rows` is the height of the skeleton, where few rows are expected.
 * @type {Record<string, { title: string, rows?: number, tabs: Tab[] }>} */
export const CARDS = {
  sources: {
    title: 'Sources',
    tabs: [
      by('traffic-sources', 'channel', 'Channel'),
      by('traffic-sources', 'source', 'Source'),
      by('traffic-sources', 'referrer', 'Referrer'),
      utm('campaign', 'Campaign'),
      utm('medium', 'Medium'),
      utm('content', 'Content'),
      utm('term', 'Term'),
    ],
  },
  pages: {
    title: 'Pages',
    tabs: [
      pages('top', 'Top', 'page', ['pageviews', 'visitors']),
      pages('entry', 'Entry', 'entry_page', ['entries', 'bounce_rate']),
      pages('exit', 'Exit', 'exit_page', ['exits', 'exit_rate']),
      values('hostname', 'Hostname'),
      values('title', 'Title'),
    ],
  },
  locations: {
    title: 'Locations',
    tabs: [
      by('locations', 'country', 'Country'),
      by('locations', 'region', 'Region'),
      by('locations', 'city', 'City'),
    ],
  },
  devices: {
    title: 'Devices',
    tabs: [
      by('devices', 'device', 'Device'),
      by('devices', 'browser', 'Browser'),
      by('devices', 'browser_version', 'Version'),
      by('devices', 'os', 'OS'),
      by('devices', 'os_version', 'OS version'),
      by('devices', 'screen', 'Screen'),
      by('devices', 'language', 'Language'),
    ],
  },
  events: {
    title: 'Events and goals',
    rows: 5,
    tabs: [
      {
        key: 'events',
        words: 'Events',
        report: 'events',
        label: 'name',
        dimension: 'event',
        params: { totals: false },
        numbers: ['custom_events', 'conversion_rate'],
        columns: ['custom_events', 'visitors', 'visits', 'conversion_rate'],
        empty: 'No events besides page views in this range.',
      },
      {
        key: 'goals',
        words: 'Goals',
        report: 'goals',
        label: 'name',
        dimension: 'goal',
        numbers: ['conversions', 'conversion_rate'],
        columns: ['conversions', 'visitors', 'visits', 'conversion_rate'],
        empty: 'No goals are saved for this site.',
      },
      {
        key: 'properties',
        words: 'Properties',
        report: 'events',
        label: 'value',
        asks: 'property',
        numbers: ['custom_events', 'visitors'],
        columns: ['name', 'custom_events', 'visitors', 'visits', 'conversion_rate'],
        empty: 'No event in this range has the property.',
      },
    ],
  },
  bots: {
    title: 'Bots, kept apart',
    rows: 5,
    tabs: [
      {
        key: 'bots',
        words: 'Bots',
        report: 'bots',
        label: 'bot',
        params: { filters: null },
        numbers: ['events', 'pages'],
        columns: ['category', 'events', 'pages', 'last_seen'],
        empty: 'No bots in this range.',
      },
    ],
  },
};

// The cards: for each tab the report that it asks, what a row is called, and its numbers.

import { t } from '../../text/words.js';

/** @typedef {object} Tab
 * @property {string} key
 * @property {string} words
 * @property {string} report
 * @property {string} label the column that names a row
 * @property {string} [dimension] what a click on a row filters by; a row of a bot filters by nothing
 * @property {Record<string, unknown>} [params] parameters of the report beside those of the view
 * @property {string[]} numbers columns shown in the card; the first is the size of the bar
 * @property {string[]} columns columns of the details, in order
 * @property {Record<string, unknown>} [detailed] parameters of the report for columns of the details alone
 * @property {string} [asks] the parameter of the address for a name that has to be given first
 * @property {string} empty what is said instead of no rows
 * @property {boolean} [skipsEmpty] whether rows without a value are left out
 * @property {() => Promise<Function>} [draw] the part that draws the rows in the card, instead of a table */

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
  empty: t('No visits in this range.'),
  ...more,
});

const utm = (key, words) =>
  by('traffic-sources', key, words, { skipsEmpty: true, empty: t('No visit in this range has one.') });

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
  detailed: { detail: true },
  empty: t('No page views in this range.'),
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
  empty: t('No page views in this range.'),
});

/** All countries at once, on a map. @type {Tab} */
const MAP = by('locations', 'map', t('Map'), {
  label: 'country',
  dimension: 'country',
  params: { dimension: 'country', totals: false, limit: 300 },
  draw: () => import('./world_map.js').then(({ WorldMap }) => WorldMap),
});

/** By id; `rows` is the height of the skeleton, where few rows are expected.
 * @type {Record<string, { title: string, rows?: number, tabs: Tab[] }>} */
export const CARDS = {
  sources: {
    title: t('Sources'),
    tabs: [
      by('traffic-sources', 'channel', t('Channel')),
      by('traffic-sources', 'source', t('Source')),
      by('traffic-sources', 'referrer', t('Referrer')),
      utm('campaign', t('Campaign')),
      utm('medium', t('Medium')),
      utm('content', t('Content')),
      utm('term', t('Term')),
    ],
  },
  pages: {
    title: t('Pages'),
    tabs: [
      pages('top', t('Top'), 'page', ['pageviews', 'visitors']),
      pages('entry', t('Entry'), 'entry_page', ['entries', 'bounce_rate']),
      pages('exit', t('Exit'), 'exit_page', ['exits', 'exit_rate']),
      values('hostname', t('Hostname')),
      values('title', t('Title')),
    ],
  },
  locations: {
    title: t('Locations'),
    tabs: [
      by('locations', 'country', t('Country')),
      MAP,
      by('locations', 'region', t('Region')),
      by('locations', 'city', t('City')),
    ],
  },
  devices: {
    title: t('Devices'),
    tabs: [
      by('devices', 'device', t('Device')),
      by('devices', 'browser', t('Browser')),
      by('devices', 'browser_version', t('Version')),
      by('devices', 'os', t('OS')),
      by('devices', 'os_version', t('OS version')),
      by('devices', 'screen', t('Screen')),
      by('devices', 'language', t('Language')),
    ],
  },
  events: {
    title: t('Events and goals'),
    rows: 5,
    tabs: [
      {
        key: 'events',
        words: t('Events'),
        report: 'events',
        label: 'name',
        dimension: 'event',
        params: { totals: false },
        numbers: ['custom_events', 'conversion_rate'],
        columns: ['custom_events', 'visitors', 'visits', 'conversion_rate'],
        empty: t('No events besides page views in this range.'),
      },
      {
        key: 'goals',
        words: t('Goals'),
        report: 'goals',
        label: 'name',
        dimension: 'goal',
        numbers: ['conversions', 'conversion_rate'],
        columns: ['conversions', 'visitors', 'visits', 'conversion_rate'],
        empty: t('No goals are saved for this site.'),
      },
      {
        key: 'properties',
        words: t('Properties'),
        report: 'events',
        label: 'value',
        asks: 'property',
        numbers: ['custom_events', 'visitors'],
        columns: ['name', 'custom_events', 'visitors', 'visits', 'conversion_rate'],
        empty: t('No event in this range has the property.'),
      },
    ],
  },
  bots: {
    title: t('Bots, kept apart'),
    rows: 5,
    tabs: [
      {
        key: 'bots',
        words: t('Bots'),
        report: 'bots',
        label: 'bot',
        params: { filters: null },
        numbers: ['events', 'pages'],
        columns: ['category', 'events', 'pages', 'last_seen'],
        empty: t('No bots in this range.'),
      },
    ],
  },
};

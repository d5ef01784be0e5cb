// The columns of views: numbers as the overview writes them, others by what the API says of them.

import { html } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { DIMENSIONS, dimensionWords } from '../../text/dimensions.js';
import { capital, CLOCK, count, DAY, dates, decimal, duration, moment, percent } from '../../text/format.js';
import { METRICS, revenueIn } from '../../text/metrics.js';
import { t } from '../../text/words.js';
import { numberColumn } from '../overview/columns.js';

const NUMBERS = ['integer', 'number'];

/** Of units: how a value is written, and the scale of its axis. */
const UNITS = { seconds: [duration, 'seconds'], ratio: [percent, 'share'] };

/** The words for a column. */
export const wordsOf = (name) =>
  METRICS[name]?.words ?? (DIMENSIONS[name] ? dimensionWords(name) : capital(name.replace(/_seconds$/, '').replaceAll('_', ' ')));

/** The number in a column of an answer. @returns {import('../../text/metrics.js').Metric} */
export function metricOf(name, { columns, totals }) {
  if (METRICS[name]) return METRICS[name];
  if (name === 'revenue' && totals?.currency) return revenueIn(totals.currency);
  const { type, unit, description } = columns.find((column) => column.name === name) ?? {};
  const [show, scale] = UNITS[unit] ?? (type === 'number' ? [decimal, 'decimal'] : [count, 'count']);
  return { words: wordsOf(name), means: description, show, brief: show, scale };
}

/** Columns of a table for these names. @returns {import('../../parts/table.js').Column[]} */
export const columnsOf = (names, answer) => names.map((name) => column(name, answer));

function column(name, answer) {
  const { type, description } = answer.columns.find((one) => one.name === name) ?? {};
  if (name in METRICS) return numberColumn(name);
  const isNumber = NUMBERS.includes(type);
  const { show } = metricOf(name, answer);
  const cell = isNumber ? (row) => show(row[name]) : (row) => textOf(name, type, row[name], answer);
  return { key: name, words: wordsOf(name), means: description, number: isNumber, cell };
}

/** A value that is no number. */
function textOf(name, type, value, { query }) {
  if (value === null || value === undefined) return '–';
  if (type === 'time') return dates(query.timezone, { ...DAY, ...CLOCK })(value);
  if (type === 'date') return moment(value);
  if (type === 'boolean') return t(value ? 'yes' : 'no');
  return html`<${Label} dimension=${name} value=${value} />`;
}

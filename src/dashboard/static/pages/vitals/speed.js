// The web vitals: what three of four loads were at most, and how many were good.

import { html } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { Empty } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { dimensionWords } from '../../text/dimensions.js';
import { count, decimal, percent } from '../../text/format.js';
import { t } from '../../text/words.js';

const NAMES = {
  LCP: t('Largest contentful paint'),
  INP: t('Interaction to next paint'),
  CLS: t('Cumulative layout shift'),
  FCP: t('First contentful paint'),
  TTFB: t('Time to first byte'),
};
const RATINGS = { good: t('Good'), needs_improvement: t('Needs improvement'), poor: t('Poor') };
const SECOND = 1000;

/** A value with its unit; CLS has none. */
function valueOf({ name, p75 }) {
  if (name === 'CLS') return decimal(p75);
  return p75 < SECOND ? `${count(p75)} ms` : `${decimal(p75 / SECOND)} s`;
}

export function Speed({ rows, dimension }) {
  if (!rows.length) {
    return html`<${Empty}>${t('No page has told any in this range. Pages do with script-vitals.js beside the tracker.')}<//>`;
  }
  const columns = [
    { key: 'name', words: t('Vital'), cell: ({ name }) => html`<span class="value" title=${NAMES[name]}><b>${name}</b><span class="muted words">${NAMES[name]}</span></span>` },
    ...(dimension ? [{ key: dimension, words: dimensionWords(dimension), cell: (row) => html`<${Label} dimension=${dimension} value=${row[dimension]} />` }] : []),
    { key: 'p75', words: t('75th percentile'), number: true, cell: valueOf },
    { key: 'rating', words: t('Rating'), number: true, cell: ({ rating }) => html`<span class=${`rating ${rating}`}>${RATINGS[rating]}</span>` },
    { key: 'good', words: t('Good'), number: true, cell: ({ good }) => percent(good) },
    { key: 'poor', words: t('Poor'), number: true, cell: ({ poor }) => percent(poor) },
    { key: 'count', words: t('Loads'), means: t('How often it was measured.'), number: true, cell: (row) => count(row.count) },
  ];
  return html`<${Table} columns=${columns} rows=${rows} caption=${t('Web vitals')} />`;
}

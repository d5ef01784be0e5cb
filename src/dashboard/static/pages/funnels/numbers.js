// The funnel as a table.

import { Numbers } from '../../parts/foot.js';
import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { Table } from '../../parts/table.js';
import { count, duration, percent } from '../../text/format.js';
import { stepWords } from '../../text/steps.js';
import { lostShare } from './columns.js';
import { UNITS } from './steps.js';
import { t } from '../../text/words.js';

const number = (key, words, cell) => ({ key, words, number: true, cell });

export function FunnelNumbers({ rows, unit }) {
  const columns = [
    { key: 'label', words: t('Step'), cell: ({ label }) => html`<span class="value" title=${stepWords(label)}><${Cut} text=${stepWords(label)} /></span>` },
    number('count', new Map(UNITS).get(unit), (row) => count(row.count)),
    number('first', t('Of the first'), (row) => percent(row.share_of_first)),
    number('previous', t('Of the one before'), (row) => percent(row.step === 1 ? null : row.share_of_previous)),
    number('dropped', t('Left before it'), (row) => count(row.step === 1 ? null : row.dropped)),
    number('lost', t('Left, share'), (row) => percent(row.step === 1 ? null : lostShare(row))),
    number('median', t('Median time'), (row) => duration(row.median_seconds)),
    number('p90', t('90% within'), (row) => duration(row.p90_seconds)),
  ];
  return html`<${Numbers}><${Table} columns=${columns} rows=${rows} caption=${t('Steps of the funnel')} /><//>`;
}

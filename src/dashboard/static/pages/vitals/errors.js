// The errors in scripts of pages, the most frequent first.

import { html } from '../../parts/html.js';
import { Empty } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { count, ownMoment } from '../../text/format.js';
import { t } from '../../text/words.js';

const number = (key, words) => ({ key, words, number: true, cell: (row) => count(row[key]) });

function message({ message: text, source, frame }) {
  const place = frame || source;
  return html`<span class="value" title=${`${text}\n${place}`}><span class="words">${text}
    ${place && html`<br /><span class="muted">${place}</span>`}</span></span>`;
}

export function Errors({ rows }) {
  if (!rows.length) return html`<${Empty}>${t('No page has told any in this range.')}<//>`;
  const columns = [
    { key: 'message', words: t('Error'), cell: message },
    number('count', t('Loads')),
    number('visitors', t('Visitors')),
    number('pages', t('Pages')),
    number('browsers', t('Browsers')),
    { key: 'last_seen', words: t('Last seen'), number: true, cell: (row) => ownMoment(row.last_seen) },
  ];
  return html`<${Table} columns=${columns} rows=${rows} caption=${t('JavaScript errors')} />`;
}

// Journeys as a list: for each step, how many went from a page to another.

import { Numbers } from '../../parts/foot.js';
import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { Table } from '../../parts/table.js';
import { count } from '../../text/format.js';
import { t } from '../../text/words.js';

const named = (page) => (page === null ? t('Other pages') : page || t('(no page)'));
const cut = (page) => html`<span class="value" title=${named(page)}>${page ? html`<${Cut} text=${page} />` : named(page)}</span>`;

export function JourneyNumbers({ answer: { rows, query: { direction } } }) {
  const [after, end] = direction === 'from' ? [t('Then'), t('the end of the visit')] : [t('Before it'), t('the beginning of the visit')];
  const columns = [
    { key: 'step', words: t('Step'), number: true, cell: ({ step }) => step },
    { key: 'page', words: t('Page'), cell: ({ page }) => cut(page) },
    { key: 'next', words: after, cell: ({ next_page: next, ends }) => (ends ? html`<i class="muted">${end}</i>` : cut(next)) },
    { key: 'visits', words: t('Visits'), number: true, cell: ({ visits }) => count(visits) },
  ];
  return html`<${Numbers}><${Table} columns=${columns} rows=${rows} caption=${t('Journeys, step by step')} /><//>`;
}

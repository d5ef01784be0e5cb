// The columns of the list of visits.

import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { follow, link } from '../../state/address.js';
import { timezone } from '../../state/site.js';
import { valueSign, valueWords } from '../../text/dimensions.js';
import { CLOCK, DAY, count, dates, duration } from '../../text/format.js';
import { t } from '../../text/words.js';

const moment = dates(timezone, { ...DAY, ...CLOCK });

export const ORDERS = ['started', 'duration_seconds', 'pageviews', 'custom_events'];

/** Where somebody was, and with what. */
export const who = ({ country, device, browser, os }) =>
  [valueWords('country', country), valueWords('device', device), browser, os].filter(Boolean).join(' · ');

export const sourceOf = ({ source, channel }) => source || channel;

const begun = (row) => html`<a href=${link({ visit: row.visit_id, begun: null })} onClick=${follow} title=${t('The events of this visit')}>${moment(row.started)}</a>`;

const person = (row) => html`<span class="value" title=${who(row)}>
  <span class="sign" aria-hidden="true">${valueSign('country', row.country) || '–'}</span>
  <span class="words">${[valueWords('device', row.device), row.browser, row.os].filter(Boolean).join(' · ')}</span>
</span>`;

/** From the first page to the last, or the only one. */
export function Way({ visit: { entry_page: entry, exit_page: exit, pageviews } }) {
  const isOne = pageviews < 2 || entry === exit;
  return html`<span class="value way" title=${isOne ? entry : `${entry} → ${exit}`}>
    <${Cut} text=${entry || t('(no page)')} />
    ${!isOne && html`<span class="muted" aria-label=${t('to')}>→</span><${Cut} text=${exit} />`}
  </span>`;
}

export const COLUMNS = [
  { key: 'started', words: t('Began'), number: true, cell: begun },
  { key: 'who', words: t('Visitor'), cell: person },
  { key: 'source', words: t('Source'), cell: (row) => html`<span class="value" title=${sourceOf(row)}><span class="words">${sourceOf(row)}</span></span>` },
  { key: 'way', words: t('Entry → exit'), cell: (row) => html`<${Way} visit=${row} />` },
  { key: 'pageviews', words: t('Pages'), number: true, cell: (row) => count(row.pageviews) },
  { key: 'custom_events', words: t('Events'), number: true, cell: (row) => count(row.custom_events) },
  { key: 'duration_seconds', words: t('Duration'), number: true, cell: (row) => duration(row.duration_seconds) },
];

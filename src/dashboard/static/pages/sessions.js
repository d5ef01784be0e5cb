// Sessions: the visits one by one, and the events of one.

import { address } from '../api/client.js';
import { useReports } from '../api/reports.js';
import { start } from '../frame/start.js';
import { Card } from '../parts/card.js';
import { html } from '../parts/html.js';
import { Origin } from '../parts/origin.js';
import { pageOf, Paging } from '../parts/paging.js';
import { Empty, Loaded } from '../parts/states.js';
import { Table } from '../parts/table.js';
import { go, useAddress } from '../state/address.js';
import { viewOf } from '../state/view.js';
import { count, decimal, duration, percent } from '../text/format.js';
import { COLUMNS, ORDERS } from './sessions/columns.js';
import { Timeline } from './sessions/timeline.js';
import { t } from '../text/words.js';

const SIZE = 50;
const LATEST = 'started:desc';

/** The order that the address names; the latest first where it makes no sense. */
function orderOf(params) {
  const order = params.get('order') ?? LATEST;
  const [by, way] = order.split(':');
  return ORDERS.includes(by) && ['asc', 'desc'].includes(way) ? order : LATEST;
}

function Sessions() {
  const params = useAddress();
  const view = viewOf(params);
  const [page, order, visit] = [pageOf(params), orderOf(params), params.get('visit')];
  const query = { ...view.common, order };
  const { of, retry } = useReports({
    sessions: { report: 'sessions', ...query, limit: SIZE, offset: (page - 1) * SIZE },
  });
  const result = of('sessions');
  return html`<div class="analysis">
    <${Card} id="sessions" title=${t('Visits')} tools=${html`<${Totals} answer=${result.answer} />`} busy=${result.loading}>
      <div class="body scroll" tabindex="0" role="group" aria-label=${t('Visits')}>
        <${Loaded} result=${result} retry=${retry} rows=${20}>${(answer) => html`<${Rows} ...${{ answer, order }} />`}<//>
      </div>
      <div class="foot">
        <${Paging} page=${page} size=${SIZE} answer=${result.answer} />
        <span class="links"><${Origin} answer=${result.answer} />
          <a href=${address('analytics/sessions', { ...query, limit: 1000, format: 'csv' })} download>CSV</a></span>
      </div>
    <//>
    ${visit && html`<${Timeline} key=${visit} visit=${visit} begun=${params.get('begun')} view=${view} />`}
  </div>`;
}

function Rows({ answer: { rows }, order }) {
  if (!rows.length) return html`<${Empty}>${t('No visits in this range.')}<//>`;
  const sort = (by) => go({ order: by, page: null }, { replace: true });
  return html`<${Table} columns=${COLUMNS} rows=${rows} caption=${t('Visits')} order=${order} orders=${ORDERS} sort=${sort} />`;
}

const FACTS = [
  ['visits', t('visits'), count],
  ['visitors', t('visitors'), count],
  ['views_per_visit', t('views each'), decimal],
  ['median_duration_seconds', t('median'), duration],
  ['bounce_rate', t('bounced'), percent],
];

function Totals({ answer }) {
  if (!answer?.totals) return null;
  return html`<p class="links muted">${FACTS.map(
    ([key, words, write]) => html`<span key=${key}><b class="strong">${write(answer.totals[key])}</b> ${words}</span>`,
  )}</p>`;
}

/** What can be put on a board. */
function viewsOf(params) {
  const query = { report: 'sessions', ...viewOf(params).common, order: orderOf(params), limit: 20, totals: false };
  const columns = ['started', 'entry_page', 'exit_page', 'source', 'pageviews', 'duration_seconds'];
  return [{ words: t('Visits'), query, drawing: 'table', columns }];
}

start(Sessions, { comparison: false, views: viewsOf });

// Revenue: what orders paid, by where those who ordered had come from.

import { address } from '../api/client.js';
import { useReports } from '../api/reports.js';
import { start } from '../frame/start.js';
import { Card } from '../parts/card.js';
import { Choice, chosenOf } from '../parts/choice.js';
import { html } from '../parts/html.js';
import { Label } from '../parts/label.js';
import { Origin } from '../parts/origin.js';
import { Empty, Loaded } from '../parts/states.js';
import { Ranking } from '../parts/table.js';
import { Tabs } from '../parts/tabs.js';
import { go, useAddress } from '../state/address.js';
import { viewOf } from '../state/view.js';
import { dimensionWords } from '../text/dimensions.js';
import { count, money } from '../text/format.js';
import { t } from '../text/words.js';

const BY = ['channel', 'source', 'referrer', 'campaign', 'medium'].map((key) => [key, dimensionWords(key)]);
const CREDIT = [['last', t('The visit with the order')], ['first', t('The first visit ever')]];
const MOST = 100;

function queryOf(params) {
  const dimension = chosenOf(params, 'by', BY);
  const attribution = chosenOf(params, 'credit', CREDIT);
  return { report: 'revenue', ...viewOf(params).common, dimension, attribution, limit: MOST };
}

function Revenue() {
  const params = useAddress();
  const { report, ...asked } = queryOf(params);
  const { dimension, attribution } = asked;
  const { of, retry } = useReports({ revenue: { report, ...asked } });
  const { answer, loading } = of('revenue');
  const tabs = html`<${Tabs} label=${t('Revenue by')} options=${BY} chosen=${dimension} choose=${(by) => go({ by })} />`;
  return html`<div class="analysis">
    <${Card} id="revenue" title=${t('Revenue')} tools=${tabs} busy=${loading}>
      <p class="options first"><${Choice} label=${t('Counts for')} name="credit" options=${CREDIT} chosen=${attribution} /><${Totals} answer=${answer} /></p>
      <div class="body scroll" tabindex="0" role="group" aria-label=${t('Revenue')}>
        <${Loaded} result=${of('revenue')} retry=${retry}>${({ rows }) => html`<${Rows} ...${{ rows, dimension }} filters=${viewOf(params).filters} />`}<//>
      </div>
      <div class="foot"><span class="links"><${Origin} answer=${answer} />
        <a href=${address('analytics/revenue', { ...asked, limit: 1000, format: 'csv' })} download>CSV</a></span></div>
    <//>
  </div>`;
}

function Rows({ rows, dimension, filters }) {
  if (!rows.length) return html`<${Empty}>${t('No order in this range. An order is an event with an amount.')}<//>`;
  const amount = (key, words) => ({ key, words, number: true, cell: (row) => money(row.currency)(row[key]) });
  const number = (key, words) => ({ key, words, number: true, cell: (row) => count(row[key]) });
  const columns = [
    { key: dimension, words: dimensionWords(dimension), cell: (row) => html`<${Label} ...${{ dimension, filters }} value=${row[dimension]} />` },
    amount('revenue', t('Revenue')),
    number('orders', t('Orders')),
    number('visitors', t('Visitors')),
    amount('average_order', t('Average order')),
  ];
  return html`<${Ranking} ...${{ columns, rows }} caption=${t('Revenue')} size=${(row) => row.revenue} />`;
}

/** All orders; without an amount where their currencies differ. */
function Totals({ answer }) {
  if (!answer?.totals.orders) return null;
  const { revenue, orders, currency } = answer.totals;
  return html`<span class="links muted">
    ${currency && html`<span><b class="strong">${money(currency)(revenue)}</b></span>`}
    <span><b class="strong">${count(orders)}</b> ${t('orders')}</span>
  </span>`;
}

/** What can be put on a board. */
function viewsOf(params) {
  const query = queryOf(params);
  return [{ words: t('Revenue'), query, drawing: 'table', columns: [query.dimension, 'revenue', 'orders', 'visitors'] }];
}

start(Revenue, { comparison: false, views: viewsOf });

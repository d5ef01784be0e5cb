// Vitals: how fast and steady pages were, and what went wrong in their scripts.

import { address } from '../api/client.js';
import { useReports } from '../api/reports.js';
import { start } from '../frame/start.js';
import { Card } from '../parts/card.js';
import { chosenOf } from '../parts/choice.js';
import { html } from '../parts/html.js';
import { Origin } from '../parts/origin.js';
import { Loaded } from '../parts/states.js';
import { Tabs } from '../parts/tabs.js';
import { go, useAddress } from '../state/address.js';
import { viewOf } from '../state/view.js';
import { Errors } from './vitals/errors.js';
import { Speed } from './vitals/speed.js';
import { t } from '../text/words.js';

const BY = [['all', t('All')], ['page', t('Page')], ['device', t('Device')], ['country', t('Country')]];
const MOST = 100;

/** The reports by the ids of their cards, and what the first is broken down by; null for nothing. */
function queriesOf(params) {
  const { filters, ...common } = viewOf(params).common; // neither report has filters
  const by = chosenOf(params, 'by', BY);
  const dimension = by === 'all' ? null : by;
  return {
    dimension,
    vitals: { report: 'web-vitals', ...common, ...(dimension && { dimension }), limit: MOST },
    errors: { report: 'errors', ...common, limit: MOST },
  };
}

function Vitals() {
  const params = useAddress();
  const by = chosenOf(params, 'by', BY);
  const { dimension, ...queries } = queriesOf(params);
  const { of, retry } = useReports(queries);
  const card = (id, title, draw, tools) => {
    const { report, ...asked } = queries[id];
    const { answer, loading } = of(id);
    return html`<${Card} id=${id} title=${title} tools=${tools} busy=${loading}>
      <div class="body scroll" tabindex="0" role="group" aria-label=${title}>
        <${Loaded} result=${of(id)} retry=${retry} rows=${6}>${({ rows }) => draw(rows)}<//></div>
      <div class="foot"><span class="links"><${Origin} answer=${answer} />
        <a href=${address(`analytics/${report}`, { ...asked, format: 'csv' })} download>CSV</a></span></div>
    <//>`;
  };
  const tabs = html`<${Tabs} label=${t('Web vitals by')} options=${BY} chosen=${by} choose=${(key) => go({ by: key === 'all' ? null : key })} />`;
  return html`<div class="analysis">
    ${card('vitals', t('Web vitals'), (rows) => html`<${Speed} ...${{ rows, dimension }} />`, tabs)}
    ${card('errors', t('JavaScript errors'), (rows) => html`<${Errors} rows=${rows} />`)}
  </div>`;
}

/** What can be put on a board. */
const viewsOf = (params) => {
  const { dimension, vitals, errors } = queriesOf(params);
  const named = ['name', dimension, 'p75', 'rating', 'good', 'poor'].filter(Boolean);
  return [
    { words: t('Web vitals'), query: vitals, drawing: 'table', columns: named },
    { words: t('JavaScript errors'), query: errors, drawing: 'table', columns: ['message', 'count', 'visitors', 'last_seen'] },
  ];
};

start(Vitals, { comparison: false, filters: false, views: viewsOf });

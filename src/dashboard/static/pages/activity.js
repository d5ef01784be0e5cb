// Activity: when visits begin, who is new, stays or stays away, and how often people come.

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
import { Hours } from './activity/hours.js';
import { Lifecycle } from './activity/lifecycle.js';
import { Stickiness } from './activity/stickiness.js';
import { t } from '../text/words.js';

const EVERY = [['day', t('Day')], ['week', t('Week')], ['month', t('Month')]];
const TITLES = { hours: t('When visits begin'), lifecycle: t('New, back, gone'), stickiness: t('How often people come') };

/** The reports by the ids of their cards. */
function queriesOf(params) {
  const { common } = viewOf(params);
  return {
    hours: { report: 'heatmap', ...common, totals: false },
    lifecycle: { report: 'lifecycle', ...common, interval: chosenOf(params, 'every', EVERY) },
    stickiness: { report: 'stickiness', ...common },
  };
}

function Activity() {
  const params = useAddress();
  const interval = chosenOf(params, 'every', EVERY);
  const queries = queriesOf(params);
  const { of, retry } = useReports(queries);
  const card = (id, title, rows, draw, tools) => {
    const { report, ...asked } = queries[id];
    const { answer, loading } = of(id);
    return html`<${Card} id=${id} title=${title} tools=${tools} busy=${loading}>
      <div class="body"><${Loaded} result=${of(id)} retry=${retry} rows=${rows}>${draw}<//></div>
      <div class="foot"><span class="links"><${Origin} answer=${answer} />
        <a href=${address(`analytics/${report}`, { ...asked, format: 'csv' })} download>CSV</a></span></div>
    <//>`;
  };
  const tabs = html`<${Tabs} label=${t('Period')} options=${EVERY} chosen=${interval} choose=${(key) => go({ every: key })} />`;
  return html`<div class="analysis">
    ${card('hours', TITLES.hours, 8, (answer) => html`<${Hours} answer=${answer} />`)}
    ${card('lifecycle', TITLES.lifecycle, 10, (answer) => html`<${Lifecycle} answer=${answer} />`, tabs)}
    ${card('stickiness', TITLES.stickiness, 9, (answer) => html`<${Stickiness} answer=${answer} />`)}
  </div>`;
}

/** What can be put on a board. */
const viewsOf = (params) =>
  Object.entries(queriesOf(params)).map(([id, query]) => ({ words: TITLES[id], query, drawing: 'diagram' }));

start(Activity, { comparison: false, views: viewsOf });

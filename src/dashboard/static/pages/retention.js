// Retention: of the visitors who came first in a period, how many came back in later ones.

import { address } from '../api/client.js';
import { useReports } from '../api/reports.js';
import { start } from '../frame/start.js';
import { Card } from '../parts/card.js';
import { chosenOf } from '../parts/choice.js';
import { html } from '../parts/html.js';
import { Origin } from '../parts/origin.js';
import { Empty, Loaded } from '../parts/states.js';
import { Tabs } from '../parts/tabs.js';
import { go, useAddress } from '../state/address.js';
import { viewOf } from '../state/view.js';
import { Curves } from './retention/curves.js';
import { Grid, Legend } from './retention/grid.js';
import { shown } from './retention/periods.js';
import { t } from '../text/words.js';

const EVERY = [['week', t('Week')], ['day', t('Day')], ['month', t('Month')]];
const NUMBERS = [['rates', t('Per cent')], ['retained', t('People')]];

/** How many periods are asked: as many as have room. */
const PERIODS = { day: 15, week: 13, month: 13 };

/** What the report of retention is asked for: as many periods of this interval as the page shows. */
const asked = ({ common }, interval) => ({ ...common, interval, periods: PERIODS[interval] });

function Retention() {
  const params = useAddress();
  const view = viewOf(params);
  const interval = chosenOf(params, 'every', EVERY);
  const numbers = chosenOf(params, 'numbers', NUMBERS);
  const query = asked(view, interval);
  const { of, retry } = useReports({ retention: { report: 'retention', ...query } });
  const result = of('retention');
  const tools = html`<div class="links">
    <${Tabs} label=${t('Numbers')} options=${NUMBERS} chosen=${numbers} choose=${(key) => go({ numbers: key })} />
    <${Tabs} label=${t('Period')} options=${EVERY} chosen=${interval} choose=${(key) => go({ every: key })} />
  </div>`;
  return html`<div class="analysis"><${Card} id="retention" title=${t('Who came back')} tools=${tools} busy=${result.loading}>
    <div class="body"><${Loaded} result=${result} retry=${retry} rows=${16}>
      ${(answer) => html`<${Cohorts} answer=${answer} numbers=${numbers} />`}
    <//></div>
    <div class="foot">
      <${Legend} answer=${result.answer} />
      <span class="links">
        <${Origin} answer=${result.answer} />
        <a href=${address('analytics/retention', { ...query, format: 'csv' })} download>CSV</a>
      </span>
    </div>
  <//></div>`;
}

function Cohorts({ answer, numbers }) {
  const cohorts = shown(answer);
  if (!cohorts.length) return html`<${Empty}>${t('Nobody came for the first time in this range.')}<//>`;
  const { interval } = answer.query;
  return html`
    <${Curves} ...${{ cohorts, interval }} />
    <${Grid} ...${{ cohorts, interval, numbers }} />
  `;
}

/** What can be put on a board. */
const viewsOf = (params) => [
  { words: t('Retention'), query: { report: 'retention', ...asked(viewOf(params), chosenOf(params, 'every', EVERY)) }, drawing: 'diagram' },
];

start(Retention, { comparison: false, views: viewsOf });

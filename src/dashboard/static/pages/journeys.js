// Journeys: the ways that visits take from a page, or to one.

import { address } from '../api/client.js';
import { useReports } from '../api/reports.js';
import { start } from '../frame/start.js';
import { Card } from '../parts/card.js';
import { Choice, chosenOf } from '../parts/choice.js';
import { Foot } from '../parts/foot.js';
import { html } from '../parts/html.js';
import { Pick } from '../parts/pick.js';
import { Empty, Loaded } from '../parts/states.js';
import { go, useAddress } from '../state/address.js';
import { viewOf } from '../state/view.js';
import { JourneyNumbers } from './journeys/numbers.js';
import { Sankey } from './journeys/sankey.js';
import { t } from '../text/words.js';

const WAYS = [['from', t('from')], ['to', t('to')]];
const LENGTHS = ['4', '3', '5', '6', '7'].map((key) => [key, t('{n} pages', { n: key })]);

/** The pages of each step with a name. */
const NODES = 5;

/** What the report of paths is asked for: the page, the direction and the number of steps of the address. */
function asked(params) {
  const [direction, steps] = [chosenOf(params, 'way', WAYS), chosenOf(params, 'length', LENGTHS)];
  return { ...viewOf(params).common, page: params.get('start') || null, direction, steps: Number(steps) };
}

function Journeys() {
  const params = useAddress();
  const view = viewOf(params);
  const query = asked(params);
  const { direction, page } = query;
  const steps = `${query.steps}`;
  const { of, retry } = useReports({ journeys: { report: 'paths', ...query, limit: NODES } });
  const result = of('journeys');
  const isTable = params.has('table');
  const choose = (made) => go({ start: made });
  const csv = address('analytics/paths', { ...query, limit: 1000, format: 'csv' });
  return html`<div class="analysis"><${Card} id="journeys" title=${t('Journeys')} busy=${result.loading}>
    <div class="options first">
      <${Choice} label=${t('Visits that went')} name="way" options=${WAYS} chosen=${direction} />
      <span class="start">
        <${Pick} key=${page} label=${t('Start page')} placeholder=${t(direction === 'from' ? 'Their first page' : 'Their last page')}
          value=${page ?? ''} view=${view} choose=${choose} dimensions=${['page']} />
        ${page && html`<button type="button" class="icon" aria-label=${t('Any page')} onClick=${() => choose(null)}>✕</button>`}
      </span>
      <${Choice} label=${t('Over')} name="length" options=${LENGTHS} chosen=${steps} />
    </div>
    <div class="body"><${Loaded} result=${result} retry=${retry} rows=${14}>${(answer) => html`
      <${Drawing} answer=${answer} />
      ${isTable && html`<${JourneyNumbers} answer=${answer} />`}
    `}<//></div>
    <${Foot} ...${{ answer: result.answer, csv, isTable }}
      >${t(direction === 'from' ? 'Grey: the visit ended there. A click on a page makes it the start.' : 'Grey: the visit began there. A click on a page makes it the end.')}<//>
  <//></div>`;
}

function Drawing({ answer }) {
  const { rows, query: { page, direction, steps } } = answer;
  if (!rows.length) return html`<${Empty}>${t(page ? 'No visit viewed this page in this range.' : 'No page views in this range.')}<//>`;
  return html`<${Sankey} ...${{ rows, direction, steps }} />`;
}

/** What can be put on a board. */
const viewsOf = (params) => [{ words: t('Journeys'), query: { report: 'paths', ...asked(params), limit: NODES }, drawing: 'diagram' }];

start(Journeys, { comparison: false, views: viewsOf });

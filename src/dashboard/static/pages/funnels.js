// Funnels: how many got through a series of pages and events, and where the others left.

import { address } from '../api/client.js';
import { useReports } from '../api/reports.js';
import { start } from '../frame/start.js';
import { Card } from '../parts/card.js';
import { chosenOf } from '../parts/choice.js';
import { Foot } from '../parts/foot.js';
import { html } from '../parts/html.js';
import { Empty, Loaded } from '../parts/states.js';
import { useAddress } from '../state/address.js';
import { viewOf } from '../state/view.js';
import { Breakdown } from './funnels/breakdown.js';
import { Columns, Conversion } from './funnels/columns.js';
import { Examples } from './funnels/examples.js';
import { Left } from './funnels/left.js';
import { FunnelNumbers } from './funnels/numbers.js';
import { BY, MODES, Steps, UNITS, WITHIN } from './funnels/steps.js';
import { t } from '../text/words.js';

const MOST_STEPS = 10;

/** What the address asks for. @param {URLSearchParams} params */
function funnelOf(params) {
  const [mode, unit, within, by] = [
    ['mode', MODES], ['unit', UNITS], ['within', WITHIN], ['by', BY],
  ].map(([name, options]) => chosenOf(params, name, options));
  return { steps: params.getAll('step').slice(0, MOST_STEPS), mode, unit, within, by };
}

/** What the report of funnels is asked for: the steps of this funnel, and how they have to follow. */
const asked = ({ common }, { steps, mode, unit, within }) => ({ ...common, steps, mode, unit, window: Number(within) });

function Funnels() {
  const params = useAddress();
  const view = viewOf(params);
  const funnel = funnelOf(params);
  const query = asked(view, funnel);
  const hasSteps = funnel.steps.length > 0;
  const isBroken = hasSteps && funnel.by !== 'none';
  const { of, retry } = useReports({
    funnel: hasSteps ? { report: 'funnel', ...query } : null,
    by: isBroken ? { report: 'funnel', ...query, dimension: funnel.by, limit: 10 } : null,
  });
  const result = of('funnel');
  const isTable = params.has('table');
  const csv = address('analytics/funnel', { ...query, format: 'csv' });
  return html`<div class="analysis">
    <${Steps} ...${{ view, funnel }} most=${MOST_STEPS} />
    ${hasSteps
      ? html`<${Card}
          id="funnel"
          title=${t('Funnel')}
          busy=${result.loading}
          tools=${html`<${Conversion} answer=${result.answer} unit=${funnel.unit} />`}
        >
          <div class="body"><${Loaded} result=${result} retry=${retry} rows=${10}>${(answer) => html`
            <${Drawing} answer=${answer} />
            ${isTable && html`<${FunnelNumbers} rows=${answer.rows} unit=${funnel.unit} />`}
          `}<//></div>
          <${Foot} ...${{ answer: result.answer, csv, isTable }} />
        <//>`
      : html`<${Examples} view=${view} />`}
    ${isBroken && html`<${Breakdown} ...${{ funnel, retry }} result=${of('by')}
      csv=${address('analytics/funnel', { ...query, dimension: funnel.by, limit: 1000, format: 'csv' })} />`}
    ${hasSteps && params.has('left') && html`<${Left} ...${{ params, query, funnel }} />`}
  </div>`;
}

function Drawing({ answer: { rows } }) {
  if (!rows[0]?.count) return html`<${Empty}>${t('Nobody got to the first step in this range.')}<//>`;
  return html`<${Columns} rows=${rows} />`;
}

/** What can be put on a board. */
function viewsOf(params) {
  const funnel = funnelOf(params);
  const query = { report: 'funnel', ...asked(viewOf(params), funnel) };
  return funnel.steps.length ? [{ words: t('Funnel'), query, drawing: 'diagram' }] : [];
}

start(Funnels, { comparison: false, views: viewsOf });

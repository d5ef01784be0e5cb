// The headline numbers, and the chart of the chosen one.

import { address } from '../../api/client.js';
import { Card } from '../../parts/card.js';
import { html, useEffect, useState } from '../../parts/html.js';
import { Origin } from '../../parts/origin.js';
import { Loaded } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { Tabs } from '../../parts/tabs.js';
import { go } from '../../state/address.js';
import { localTime } from '../../state/days.js';
import { defaultInterval, intervalsOf } from '../../state/periods.js';
import { capital } from '../../text/format.js';
import { METRICS } from '../../text/metrics.js';
import { Chart } from './chart.js';
import { pointsOf } from './points.js';
import { Tiles, TILES } from './tiles.js';
import { Welcome } from './welcome.js';

const params = ({ common, interval }) => ({ ...common, interval });

export const seriesQuery = (view) => ({ report: 'timeseries', ...params(view), ...view.compared });

/** Of a range whose length only the answer tells: the width of buckets that suits it. */
function useFittingInterval({ range, today }, asked, answer) {
  const query = range.period === 'all' && !asked.has('interval') ? answer?.query : null;
  const from = query && localTime(query.from, query.timezone).slice(0, 10);
  useEffect(() => {
    if (!from) return;
    const fitting = defaultInterval({ period: 'custom', from, to: today }, today);
    const interval = intervalsOf(range, today).includes(fitting) ? fitting : 'day';
    if (interval !== query.interval) go({ interval }, { replace: true });
  }, [from]);
}

export function Series({ view, params: asked, result, retry }) {
  const chosen = TILES.includes(asked.get('metric')) ? asked.get('metric') : TILES[0];
  useFittingInterval(view, asked, result.answer);
  const isEmpty = result.answer?.totals.visits === 0 && !view.filters.length;
  return html`<${Card} id="series" title="Over time" busy=${result.loading} className="series">
    <${Tiles} result=${result} chosen=${chosen} />
    <div class="body"><${Loaded} result=${result} retry=${retry} rows=${1}>
      ${(answer) => (isEmpty ? html`<${Welcome} view=${view} />` : html`<${Drawing} ...${{ view, answer, chosen }} />`)}
    <//></div>
  <//>`;
}

function Drawing({ view, answer, chosen }) {
  const [isTable, setTable] = useState(false);
  const points = pointsOf(answer, chosen);
  const intervals = intervalsOf(view.range, view.today).map((name) => [name, capital(name)]);
  return html`
    <${Chart} ...${{ points, answer, chosen }} />
    ${isTable && html`<${Numbers} ...${{ points, chosen, answer }} />`}
    <div class="foot">
      <${Tabs} label="Interval" options=${intervals} chosen=${answer.query.interval} choose=${(interval) => go({ interval })} />
      <span class="links">
        <${Origin} answer=${answer} />
        <button type="button" class="plain" aria-expanded=${isTable} onClick=${() => setTable(!isTable)}>As table</button>
        <a href=${address('analytics/timeseries', { ...params(view), ...view.compared, format: 'csv' })} download>CSV</a>
      </span>
    </div>
  `;
}

function Numbers({ points, chosen, answer }) {
  const { words, show } = METRICS[chosen];
  const columns = [
    { key: 'time', words: 'Time', cell: ({ title, complete }) => title + (complete ? '' : ' (incomplete)') },
    { key: 'value', words, number: true, cell: ({ value }) => show(value) },
  ];
  if (answer.comparison) {
    columns.push(
      { key: 'then', words: 'Compared with', number: true, cell: ({ titleBefore }) => titleBefore },
      { key: 'before', words: `${words} then`, number: true, cell: ({ before }) => show(before) },
    );
  }
  return html`<div class="scroll numbers" tabindex="0" role="region" aria-label="The chart as a table">
    <${Table} columns=${columns} rows=${points} caption=${`${words} over time`} />
  </div>`;
}

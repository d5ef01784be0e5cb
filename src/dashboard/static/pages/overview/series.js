// The headline numbers, and the chart of the chosen one.

import { address } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Later } from '../../frame/later.js';
import { Card } from '../../parts/card.js';
import { html, useEffect, useState } from '../../parts/html.js';
import { Origin } from '../../parts/origin.js';
import { Loaded } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { Tabs } from '../../parts/tabs.js';
import { go } from '../../state/address.js';
import { localTime } from '../../state/days.js';
import { defaultInterval, intervalsOf } from '../../state/periods.js';
import { site } from '../../state/site.js';
import { t } from '../../text/words.js';
import { Chart } from './chart.js';
import { useHeadlines } from './headlines.js';
import { noted, pointsOf } from './points.js';
import { Tiles } from './tiles.js';
import { Welcome } from './welcome.js';

const loadNotes = () => import('./notes.js').then(({ Notes }) => Notes);

const INTERVALS = { minute: t('Minute'), hour: t('Hour'), day: t('Day'), week: t('Week'), month: t('Month') };

const params = ({ common, interval }) => ({ ...common, interval });

/** What the tiles and the chart ask: the headline numbers, and those of goals and orders. */
export const seriesQueries = (view) => ({
  series: { report: 'timeseries', ...params(view), ...view.compared },
  conversions: { report: 'conversions', ...params(view), ...view.compared },
});

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

export function Series({ view, params: asked, series, conversions, retry }) {
  const headlines = useHeadlines(series, conversions);
  const chosen = headlines.find(({ name }) => name === asked.get('metric')) ?? headlines[0];
  const { result } = chosen;
  useFittingInterval(view, asked, series.answer);
  const isEmpty = series.answer?.totals.visits === 0 && !view.filters.length;
  return html`<${Card} id="series" title=${t('Over time')} busy=${result.loading} className="series">
    <${Tiles} headlines=${headlines} chosen=${chosen.name} />
    <div class="body"><${Loaded} result=${result} retry=${retry} rows=${1}>
      ${(answer) => (isEmpty ? html`<${Welcome} view=${view} />` : html`<${Drawing} ...${{ view, answer, chosen }} />`)}
    <//></div>
  <//>`;
}

function Drawing({ view, answer, chosen: { name, metric } }) {
  const [isTable, setTable] = useState(false);
  const notes = useQuestion('annotations', { site });
  const [isOpen, setOpen] = useState(false);
  const points = noted(pointsOf(answer, name), notes.answer ?? [], answer.query);
  const intervals = intervalsOf(view.range, view.today).map((interval) => [interval, INTERVALS[interval]]);
  return html`
    <${Chart} ...${{ points, answer, metric }} />
    ${isTable && html`<${Numbers} ...${{ points, metric, answer }} />`}
    <div class="foot">
      <${Tabs} label=${t('Interval')} options=${intervals} chosen=${answer.query.interval} choose=${(interval) => go({ interval })} />
      <span class="links">
        <${Origin} answer=${answer} />
        <button type="button" class="plain" aria-haspopup="dialog" onClick=${() => setOpen(true)}>${t('Notes')}</button>
        <button type="button" class="plain" aria-expanded=${isTable} onClick=${() => setTable(!isTable)}>${t('As table')}</button>
        <a href=${address(`analytics/${answer.query.report}`, { ...params(view), ...view.compared, format: 'csv' })} download>CSV</a>
      </span>
    </div>
    ${isOpen && html`<${Later} load=${loadNotes} result=${notes} retry=${notes.retry} today=${view.today} close=${() => setOpen(false)} />`}
  `;
}

function Numbers({ points, metric: { words, show }, answer }) {
  const columns = [
    { key: 'time', words: t('Time'), cell: ({ title, complete }) => title + (complete ? '' : ` (${t('incomplete')})`) },
    { key: 'value', words, number: true, cell: ({ value }) => show(value) },
  ];
  if (answer.comparison) {
    columns.push(
      { key: 'then', words: t('Compared with'), number: true, cell: ({ titleBefore }) => titleBefore },
      { key: 'before', words: t('{metric} then', { metric: words }), number: true, cell: ({ before }) => show(before) },
    );
  }
  return html`<div class="scroll numbers" tabindex="0" role="region" aria-label=${t('The chart as a table')}>
    <${Table} columns=${columns} rows=${points} caption=${t('{metric} over time', { metric: words })} />
  </div>`;
}

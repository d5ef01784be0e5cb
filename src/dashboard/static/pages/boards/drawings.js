// How the views of boards are drawn.

import { Later } from '../../frame/later.js';
import { Change } from '../../parts/change.js';
import { html } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { Sparkline } from '../../parts/sparkline.js';
import { Empty } from '../../parts/states.js';
import { Ranking, Table } from '../../parts/table.js';
import { t } from '../../text/words.js';
import { Chart } from '../overview/chart.js';
import { pointsOf } from '../overview/points.js';
import { columnsOf, metricOf, wordsOf } from './columns.js';
import { DIAGRAMS } from './diagrams.js';

const SHOWN = 9;
const TABLE_ROWS = 20;

/** Dimensions of which visits without a value are left out, as on the overview. */
const TAGS = ['campaign', 'medium', 'content', 'term'];

/** @param {{ view: object, answer: object, title: string }} props */
export function Drawing({ view, answer, title }) {
  const draw = { number: Figure, series: Series, ranking: Ranked, diagram: Diagram }[view.drawing] ?? Rows;
  return html`<${draw} ...${{ view, answer, title }} />`;
}

function Figure({ view: { columns: [name] }, answer }) {
  const { words, show, brief, fewerIsBetter } = metricOf(name, answer);
  const value = answer.totals?.[name] ?? null;
  const then = answer.comparison?.totals?.[name];
  const isSeries = answer.rows[0]?.time !== undefined;
  return html`
    <p class="figure" title=${`${words}: ${show(value)}`}>${brief(value)}</p>
    <p class="below"><span class="muted">${words}</span>
      ${answer.comparison && html`<${Change} ratio=${then?.ratio} fewerIsBetter=${fewerIsBetter} title=${then && t('{value} in the comparison', { value: show(then.value) })} />`}
      ${isSeries && html`<${Sparkline} values=${pointsOf(answer, name).map((point) => point.value ?? null)} />`}
    </p>`;
}

function Series({ view: { columns: [name] }, answer, title }) {
  const withInterval = { ...answer, query: { interval: 'day', ...answer.query } };
  const points = pointsOf(withInterval, name);
  if (!points.length) return html`<${Empty}>${t('Nothing in this range.')}<//>`;
  const metric = metricOf(name, answer);
  const columns = [
    { key: 'time', words: t('Time'), cell: (point) => point.title + (point.complete === false ? ` (${t('incomplete')})` : '') },
    { key: 'value', words: metric.words, number: true, cell: ({ value }) => metric.show(value) },
  ];
  if (answer.comparison) columns.push({ key: 'before', words: t('Compared with'), number: true, cell: ({ before }) => metric.show(before) });
  return html`
    <${Chart} ...${{ points, metric }} answer=${withInterval} canZoom=${false} />
    <details><summary>${t('As table')}</summary>
      <div class="scroll numbers" tabindex="0" role="group" aria-label=${t('{title} as a table', { title })}><${Table} ...${{ columns }} rows=${points} caption=${title} /></div>
    </details>`;
}

function Ranked({ view: { columns: [label, ...numbers] }, answer, title }) {
  const size = numbers[0];
  const rows = answer.rows.filter((row) => row[size] && (row[label] || !TAGS.includes(label))).slice(0, SHOWN);
  if (!rows.length) return html`<${Empty}>${t('Nothing in this range.')}<//>`;
  const named = { key: label, words: wordsOf(label), cell: (row) => html`<${Label} dimension=${label} value=${row[label]} />` };
  return html`<${Ranking} columns=${[named, ...columnsOf(numbers, answer)]} rows=${rows} caption=${title} size=${(row) => row[size]} />`;
}

function Rows({ view, answer, title }) {
  const names = view.columns.length ? view.columns : answer.columns.map(({ name }) => name).slice(0, 6);
  const rows = answer.rows.slice(0, TABLE_ROWS);
  if (!rows.length) return html`<${Empty}>${t('Nothing in this range.')}<//>`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${title}>
    <${Table} columns=${columnsOf(names, answer)} rows=${rows} caption=${title} />
  </div>`;
}

function Diagram({ view, answer, title }) {
  const load = DIAGRAMS[view.report];
  if (!load) return html`<${Rows} ...${{ view, answer, title }} />`;
  if (!answer.rows.length) return html`<${Empty}>${t('Nothing in this range.')}<//>`;
  return html`<${Later} load=${load} answer=${answer} />`;
}

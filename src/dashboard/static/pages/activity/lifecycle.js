// Visitors of each period as bars: new, returning and resurrected above the line, dormant below it.

import { Numbers } from '../../parts/foot.js';
import { html } from '../../parts/html.js';
import { Empty } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { ticks } from '../../parts/ticks.js';
import { useWidth } from '../../parts/width.js';
import { compact, count, DAY, dates } from '../../text/format.js';
import { t } from '../../text/words.js';

const [HEIGHT, LEFT, BOTTOM] = [220, 48, 22];
const LABEL = 64;

/** From the line upwards; the last is below it. */
const KINDS = [
  ['returning', t('Returning'), t('was there in the period before')],
  ['resurrected', t('Resurrected'), t('came before, but not in the period before')],
  ['new', t('New'), t('came for the first time')],
  ['dormant', t('Dormant'), t('came in the period before, but not in this one')],
];

export function Lifecycle({ answer: { rows, query } }) {
  const write = dates(query.timezone, query.interval === 'month' ? { month: 'short', year: 'numeric' } : DAY);
  if (rows.every((row) => KINDS.every(([key]) => !row[key]))) return html`<${Empty}>${t('No visits in this range.')}<//>`;
  const columns = [
    { key: 'time', words: t('Period'), cell: ({ time, complete }) => write(time) + (complete ? '' : ` (${t('incomplete')})`) },
    ...KINDS.map(([key, words, means]) => ({ key, words, means, number: true, cell: (row) => count(row[key]) })),
  ];
  return html`
    <${Bars} rows=${rows} write=${write} />
    <p class="legend">${KINDS.map(([key, words, means]) => html`<span key=${key} class="key" title=${means}><span class=${`swatch ${key}`} aria-hidden="true"></span>${words}</span>`)}</p>
    <details><summary>${t('As table')}</summary><${Numbers}><${Table} columns=${columns} rows=${rows} caption=${t('Visitors by period')} /><//></details>
  `;
}

function Bars({ rows, write }) {
  const [box, width] = useWidth();
  const above = Math.max(...rows.map((row) => row.new + row.returning + row.resurrected));
  const below = Math.max(...rows.map(({ dormant }) => dormant ?? 0));
  const marks = ticks(Math.max(above, below), 'count');
  const [top, low] = [Math.max(above, 1), below];
  const y = (value) => 8 + ((top - value) / (top + low)) * (HEIGHT - BOTTOM - 16);
  const each = (width - LEFT - 8) / rows.length;
  const every = Math.ceil(LABEL / Math.max(each, 1));
  const shown = [...marks, ...marks.slice(1).map((mark) => -mark)].filter((mark) => mark <= top && mark >= -low);
  return html`<figure class="bars" ref=${box}><svg height=${HEIGHT} role="img" aria-label=${t('Visitors by period; the table has the numbers')}>
    ${shown.map((mark) => html`<g key=${mark}>
      <line class="grid" x1=${LEFT} x2=${width} y1=${y(mark)} y2=${y(mark)} />
      <text x=${LEFT - 8} y=${y(mark) + 4} text-anchor="end">${compact(Math.abs(mark))}</text>
    </g>`)}
    ${width > 0 && rows.map((row, place) => html`<${Bar} key=${row.time} ...${{ row, y, write }} x=${LEFT + place * each} width=${Math.max(1, each - 3)} />`)}
    ${width > 0 && rows.map((row, place) => place % every === 0 && html`<text key=${row.time} x=${LEFT + (place + 0.5) * each} y=${HEIGHT - 4} text-anchor="middle">${write(row.time)}</text>`)}
  </svg></figure>`;
}

function Bar({ row, x, y, width, write }) {
  let level = 0;
  const words = KINDS.map(([key, name]) => `${name}: ${count(row[key])}`);
  const piece = (key, from, to) => html`<rect key=${key} class=${key} x=${x} y=${y(Math.max(from, to))} width=${width} height=${Math.max(0, y(Math.min(from, to)) - y(Math.max(from, to)))} />`;
  const up = KINDS.slice(0, 3).map(([key]) => {
    level += row[key];
    return piece(key, level - row[key], level);
  });
  return html`<g class=${row.complete ? '' : 'incomplete'}><title>${`${write(row.time)}. ${words.join(', ')}`}</title>${up}${piece('dormant', 0, -(row.dormant ?? 0))}</g>`;
}

// Of the visitors of 30 days, how many come on a day.

import { html } from '../../parts/html.js';
import { Empty } from '../../parts/states.js';
import { TimeChart } from '../../parts/timechart.js';
import { count, DAY, dates, percent } from '../../text/format.js';

const METRIC = { words: 'Stickiness', scale: 'share', brief: percent };

export function Stickiness({ answer: { rows, query } }) {
  if (!rows.some(({ mau }) => mau)) return html`<${Empty}>No visits in this range.<//>`;
  const mark = dates(query.timezone, DAY);
  const title = dates(query.timezone, { weekday: 'short', ...DAY });
  const points = rows.map((row) => ({ ...row, value: row.dau_mau, mark: mark(row.time), title: title(row.time) }));
  const last = rows.findLast(({ complete }) => complete) ?? rows.at(-1);
  const say = ({ title: day, dau, mau, value }) => `${day}: ${percent(value)}, ${count(dau)} of ${count(mau)} visitors`;
  const tell = (point) => html`<p>${point.title} <b>${percent(point.value)}</b></p><p class="before">${count(point.dau)} of ${count(point.mau)} visitors of 30 days</p>`;
  return html`
    <p class="links muted">${[['dau', 'on a day'], ['wau', 'in 7 days'], ['mau', 'in 30 days']].map(
      ([key, words]) => html`<span key=${key}><b class="strong">${count(last[key])}</b> ${words}</span>`,
    )}<span>until ${title(last.time)}</span></p>
    <${TimeChart} ...${{ points, tell, say }} metric=${METRIC} interval="day" timezone=${query.timezone}
      label="Visitors of a day / visitors of 30 days: arrow keys tell the values" />
  `;
}

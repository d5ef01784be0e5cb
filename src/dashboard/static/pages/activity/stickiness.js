// Of the visitors of 30 days, how many come on a day.

import { html } from '../../parts/html.js';
import { Empty } from '../../parts/states.js';
import { TimeChart } from '../../parts/timechart.js';
import { count, DAY, dates, percent } from '../../text/format.js';
import { t } from '../../text/words.js';

const METRIC = { words: t('Stickiness'), scale: 'share', brief: percent };

const ofVisitors = (some, all) => t('{some} of {all} visitors of 30 days', { some: count(some), all: count(all) });

export function Stickiness({ answer: { rows, query } }) {
  if (!rows.some(({ mau }) => mau)) return html`<${Empty}>${t('No visits in this range.')}<//>`;
  const mark = dates(query.timezone, DAY);
  const title = dates(query.timezone, { weekday: 'short', ...DAY });
  const points = rows.map((row) => ({ ...row, value: row.dau_mau, mark: mark(row.time), title: title(row.time) }));
  const last = rows.findLast(({ complete }) => complete) ?? rows.at(-1);
  const say = ({ title: day, dau, mau, value }) => `${day}: ${percent(value)}, ${ofVisitors(dau, mau)}`;
  const tell = (point) => html`<p>${point.title} <b>${percent(point.value)}</b></p><p class="before">${ofVisitors(point.dau, point.mau)}</p>`;
  return html`
    <p class="links muted">${[['dau', t('on a day')], ['wau', t('in 7 days')], ['mau', t('in 30 days')]].map(
      ([key, words]) => html`<span key=${key}><b class="strong">${count(last[key])}</b> ${words}</span>`,
    )}<span>${t('until {day}', { day: title(last.time) })}</span></p>
    <${TimeChart} ...${{ points, tell, say }} metric=${METRIC} interval="day" timezone=${query.timezone}
      label=${t('Visitors of a day / visitors of 30 days: arrow keys tell the values')} />
  `;
}

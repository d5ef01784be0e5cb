// The chart of a headline number: what its tooltip says, and where a drag leads.

import { Change } from '../../parts/change.js';
import { html } from '../../parts/html.js';
import { TimeChart } from '../../parts/timechart.js';
import { addDays, endOfMonth, localTime, todayIn } from '../../state/days.js';
import { choice } from '../../state/periods.js';
import { timezone } from '../../state/site.js';
import { chooseRange } from '../../state/view.js';
import { METRICS } from '../../text/metrics.js';
import { t } from '../../text/words.js';

/** @param {{ points: object[], answer: object, chosen?: string, canZoom?: boolean,
 *   metric?: import('../../text/metrics.js').Metric }} props With `canZoom` a drag chooses the range of the page. */
export function Chart({ points, answer, chosen, metric = METRICS[chosen], canZoom = true }) {
  const isCompared = Boolean(answer.comparison);
  const zoom = (first, last) => chooseRange(rangeOf(points[first].time, points[last].time, answer.query));
  const tell = (point) => html`<${Tip} ...${{ point, metric, isCompared }} />`;
  const say = ({ title, value, titleBefore, before, complete, notes = [] }) =>
    `${title}: ${metric.show(value)}${complete ? '' : `, ${t('incomplete')}`}${isCompared ? `; ${titleBefore}: ${metric.show(before)}` : ''}${notes.map((text) => `; ${text}`).join('')}`;
  return html`<${TimeChart}
    ...${{ points, metric, tell, say }}
    zoom=${canZoom ? zoom : undefined}
    interval=${answer.query.interval}
    timezone=${answer.query.timezone}
    label=${t('{metric} over time: arrow keys tell the values', { metric: metric.words })}
  />`;
}

function Tip({ point, metric, isCompared }) {
  const { title, value, before, titleBefore, complete, notes = [] } = point;
  const ratio = before ? (value ?? 0) / before : null;
  return html`
    <p>${title}${complete ? '' : ` (${t('incomplete')})`} <b>${metric.show(value)}</b></p>
    ${isCompared &&
    html`<p class="before">${titleBefore} <b>${metric.show(before)}</b></p>
      ${complete && html`<${Change} ratio=${ratio} fewerIsBetter=${metric.fewerIsBetter} />`}`}
    ${notes.map((text) => html`<p class="note" key=${text}>${text}</p>`)}
  `;
}

const LAST_DAY = { day: 0, week: 6 };

/** The range from one bucket to another: local days, or local times for hours and minutes. */
function rangeOf(first, last, { interval, timezone: zone }) {
  const [from, to] = [first, last].map((time) => localTime(time, zone));
  const today = todayIn(timezone);
  if (interval in LAST_DAY) {
    const end = addDays(to.slice(0, 10), LAST_DAY[interval]);
    return choice(from.slice(0, 10), end < today ? end : today, today);
  }
  if (interval === 'month') return monthRange(from.slice(0, 10), to.slice(0, 10), today);
  const minutes = interval === 'hour' ? 60 : 1;
  const end = localTime(Date.parse(last) + minutes * 60_000, zone);
  return { period: 'custom', from, to: end };
}

function monthRange(from, to, today) {
  const end = endOfMonth(to);
  return choice(from, end < today ? end : today, today);
}

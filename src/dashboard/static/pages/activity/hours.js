// Visits by weekday and hour, as a grid of one hue.

import { stepOf } from '../../parts/heat.js';
import { html } from '../../parts/html.js';
import { Empty } from '../../parts/states.js';
import { compact, dates, firstWeekday, plural } from '../../text/format.js';
import { t } from '../../text/words.js';

const weekdayWords = dates('UTC', { weekday: 'short' });

/** The seventh is a Sunday. */
const nameOf = (weekday) => weekdayWords(`2024-01-0${weekday}T00:00Z`);
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const clock = (hour) => `${String(hour).padStart(2, '0')}:00`;

export function Hours({ answer: { rows } }) {
  if (!rows.length) return html`<${Empty}>${t('No visits in this range.')}<//>`;
  const cells = new Map(rows.map((row) => [`${row.weekday} ${row.hour}`, row]));
  const largest = Math.max(...rows.map(({ visits }) => visits));
  const first = firstWeekday();
  const weekdays = Array.from({ length: 7 }, (_, place) => ((first + place - 1) % 7) + 1);
  const cell = (weekday, hour) => {
    const { visits = 0, visitors = 0 } = cells.get(`${weekday} ${hour}`) ?? {};
    const what = t('{visits} of {visitors}', { visits: plural(visits, 'visit'), visitors: plural(visitors, 'visitor') });
    const words = `${nameOf(weekday)} ${clock(hour)}: ${what}`;
    return html`<td key=${hour} class=${`heat step-${stepOf(visits, largest)}`} title=${words}>${compact(visits)}</td>`;
  };
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('Visits by weekday and hour')}><table class="hours">
    <caption class="hidden">${t('Visits by the weekday and hour in which they began, in the time zone of the site')}</caption>
    <thead><tr><th scope="col"><span class="hidden">${t('Weekday')}</span></th>${HOURS.map((hour) => html`<th scope="col" key=${hour}>${hour}</th>`)}</tr></thead>
    <tbody>${weekdays.map((weekday) => html`<tr key=${weekday}>
      <th scope="row">${nameOf(weekday)}</th>${HOURS.map((hour) => cell(weekday, hour))}
    </tr>`)}</tbody>
  </table></div>`;
}

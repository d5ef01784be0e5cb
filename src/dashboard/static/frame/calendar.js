// Two months in which a first and a last day are picked.

import { html, useEffect, useRef, useState } from '../parts/html.js';
import { addDays, endOfMonth, monthFrom, startOfWeek } from '../state/days.js';
import { choice } from '../state/periods.js';
import { dates, firstWeekday, moment } from '../text/format.js';
import { t } from '../text/words.js';

const monthWords = dates('UTC', { month: 'long', year: 'numeric' });
const weekdayWords = dates('UTC', { weekday: 'narrow' });

const MOVES = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };

/** @param {{ view: { today: string }, days: [string, string] | null, choose: Function }} props */
export function Calendar({ view: { today }, days, choose }) {
  const [shown, setShown] = useState(monthFrom(days?.[1] ?? today, -1));
  const [first, setFirst] = useState(null);
  const [focused, setFocused] = useState(days?.[1] ?? today);
  const box = useRef(null);
  const mayFocus = useRef(false);
  useEffect(() => {
    if (mayFocus.current) box.current.querySelector(`[data-day="${focused}"]`)?.focus();
    mayFocus.current = false;
  });
  const pick = (day) => {
    setFocused(day);
    if (first) choose(choice(...[first, day].sort(), today));
    else setFirst(day);
  };
  const press = (event) => {
    if (!(event.key in MOVES)) return;
    event.preventDefault();
    const day = addDays(focused, MOVES[event.key]);
    if (day > today) return;
    if (day < shown) setShown(monthFrom(shown, -1));
    if (day > endOfMonth(monthFrom(shown, 1))) setShown(monthFrom(shown, 1));
    mayFocus.current = true;
    setFocused(day);
  };
  const month = (start) =>
    html`<${Month} key=${start} ...${{ start, today, pick, focused, days: first ? [first, first] : days }} />`;
  const turn = (steps) => () => setShown(monthFrom(shown, steps));
  return html`<div class="calendar" ref=${box} onKeyDown=${press}>
    <button type="button" class="icon" aria-label=${t('Month before')} onClick=${turn(-1)}>‹</button>
    ${[shown, monthFrom(shown, 1)].map(month)}
    <button
      type="button"
      class="icon"
      aria-label=${t('Month after')}
      disabled=${monthFrom(shown, 1) >= monthFrom(today, 0)}
      onClick=${turn(1)}
    >›</button>
    <p class="muted" role="status">${first ? t('From {day}: pick the last day', { day: moment(first) }) : t('Pick the first day')}</p>
  </div>`;
}

function Month({ start, ...rest }) {
  const from = startOfWeek(start, firstWeekday());
  const week = Array.from({ length: 7 }, (_, place) => addDays(from, place));
  const weeks = [0, 7, 14, 21, 28, 35].filter((days) => addDays(from, days) <= endOfMonth(start));
  return html`<table>
    <caption>${monthWords(`${start}T00:00Z`)}</caption>
    <thead><tr>${week.map((day) => html`<th scope="col" key=${day}>${weekdayWords(`${day}T00:00Z`)}</th>`)}</tr></thead>
    <tbody>${weeks.map(
      (days) => html`<tr key=${days}>${week.map((day) => html`<${Day} ...${{ day: addDays(day, days), start, ...rest }} />`)}</tr>`,
    )}</tbody>
  </table>`;
}

function Day({ day, start, today, pick, focused, days }) {
  if (monthFrom(day, 0) !== start) return html`<td></td>`;
  const isIn = days && day >= days[0] && day <= days[1];
  return html`<td class=${isIn ? 'in' : ''}><button
    type="button"
    data-day=${day}
    tabindex=${day === focused ? 0 : -1}
    aria-label=${moment(day)}
    aria-pressed=${Boolean(isIn)}
    aria-current=${day === today ? 'date' : null}
    disabled=${day > today}
    onClick=${() => pick(day)}
  >${Number(day.slice(8))}</button></td>`;
}

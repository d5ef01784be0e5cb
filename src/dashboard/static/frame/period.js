// The period picker: arrows, periods by name, typing, a calendar.

import { html, useState } from '../parts/html.js';
import { Popover } from '../parts/popover.js';
import { daysOf, neighbour, PERIODS, typed } from '../state/periods.js';
import { timezone } from '../state/site.js';
import { chooseRange } from '../state/view.js';
import { span } from '../text/format.js';
import { t } from '../text/words.js';
import { Calendar } from './calendar.js';

/** A range in words. @param {import('../state/periods.js').Range} range */
export const rangeWords = ({ period, from, to }) => PERIODS[period]?.words ?? span(from, to);

export function PeriodPicker({ view, open, onOpen }) {
  const label = html`${rangeWords(view.range)} <span aria-hidden="true">▾</span>`;
  return html`<div class="joined">
    <${Step} view=${view} steps=${-1} words=${t('Period before (←)')}>‹<//>
    <${Popover} name="period" title=${t('Period: {what}', { what: rangeWords(view.range) })} ...${{ label, open, onOpen }}>
      ${(close) => html`<${Choices} view=${view} close=${close} />`}
    <//>
    <${Step} view=${view} steps=${1} words=${t('Period after (→)')}>›<//>
  </div>`;
}

function Step({ view, steps, words, children }) {
  const next = neighbour(view.range, steps, view.today);
  return html`<button
    type="button"
    class="quiet"
    aria-label=${words}
    title=${words}
    disabled=${!next}
    onClick=${() => chooseRange(next)}
  >${children}</button>`;
}

function Choices({ view, close }) {
  const choose = (choice) => {
    close();
    chooseRange(choice);
  };
  const days = daysOf(view.range, view.today);
  const meant = days ? `${span(...days)}, ` : '';
  return html`<div class="period">
    <ul class="presets">${Object.keys(PERIODS).map(
      (period) => html`<${Preset} key=${period} ...${{ period, choose }} isChosen=${period === view.range.period} />`,
    )}</ul>
    <div>
      <${Typed} today=${view.today} choose=${choose} />
      <${Calendar} view=${view} days=${days} choose=${choose} />
      <p class="muted">${meant}${t('days of {zone}', { zone: timezone })}</p>
    </div>
  </div>`;
}

function Preset({ period, isChosen, choose }) {
  const { words, key } = PERIODS[period];
  return html`<li><button
    type="button"
    value=${period}
    aria-pressed=${isChosen}
    onClick=${() => choose({ period })}
  >${words} <kbd aria-hidden="true">${key.toUpperCase()}</kbd></button></li>`;
}

function Typed({ today, choose }) {
  const [problem, setProblem] = useState('');
  const submit = (event) => {
    event.preventDefault();
    const found = typed(event.target.elements.range.value, today);
    if (found) choose(found);
    else setProblem(t('No range up to today. Try “last 3 weeks”, “2026-03” or “2026-03-01 to 2026-03-09”.'));
  };
  return html`<form class="typed" onSubmit=${submit}>
    <label class="hidden" for="typed-range">${t('Range in words')}</label>
    <input id="typed-range" name="range" placeholder="last 3 weeks, 2026-03, …" autocomplete="off" data-first />
    <button type="submit">${t('Show')}</button>
    ${problem && html`<p class="error" role="alert">${problem}</p>`}
  </form>`;
}

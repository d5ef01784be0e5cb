// The cohorts as a grid: one hue in five steps, hatched where the period is not over.

import { STEPS, stepOf } from '../../parts/heat.js';
import { html } from '../../parts/html.js';
import { count, percent } from '../../text/format.js';
import { cohortWords, INTERVALS, means, shown } from './periods.js';
import { t } from '../../text/words.js';

/** The width of the first columns, and the least of a period, in pixels. */
const [FIRST, EACH] = [190, 58];

/** The largest rate of those who came back, which has the strongest colour. */
const most = (cohorts) => Math.max(0, ...cohorts.flatMap(({ rates }) => rates.slice(1)));

export function Grid({ cohorts, interval, numbers }) {
  const largest = most(cohorts);
  const periods = cohorts[0].rates.map((_, period) => period);
  const line = (cohort) => html`<tr key=${cohort.cohort}>
    <th scope="row">${cohortWords(cohort.cohort, interval)}</th>
    <td class="number">${count(cohort.size)}</td>
    ${periods.map((period) => html`<${Cell} key=${period} ...${{ cohort, period, largest, numbers }} />`)}
  </tr>`;
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('Cohorts')}><table class="cohorts" style=${{ minWidth: `${FIRST + periods.length * EACH}px` }}>
    <caption class="hidden">${t('Visitors by the period of their first visit, and how many were there in each period from then on')}</caption>
    <thead><tr>
      <th scope="col">${t('First visit')}</th>
      <th scope="col" class="number">${t('Visitors')}</th>
      ${periods.map((period) => html`<th scope="col" key=${period} class="nth">${INTERVALS[interval]} ${period}</th>`)}
    </tr></thead>
    <tbody>
      ${cohorts.length > 1 &&
      html`<tr class="all">
        <th scope="row">${t('All')}</th>
        <td class="number">${count(cohorts.reduce((sum, { size }) => sum + size, 0))}</td>
        ${means(cohorts).map((mean, period) => html`<td key=${period}>${percent(mean)}</td>`)}
      </tr>`}
      ${cohorts.map(line)}
    </tbody>
  </table></div>`;
}

function Cell({ cohort: { rates, retained, size }, period, largest, numbers }) {
  const [rate, people] = [rates[period], retained[period]];
  if (rate === null) {
    const isCurrent = rates[period - 1] !== null;
    return html`<td class=${isCurrent ? 'pending' : 'later'} title=${isCurrent ? t('not over yet') : null}>
      <span class="hidden">${t(isCurrent ? 'not over yet' : 'not begun yet')}</span>
    </td>`;
  }
  const words = numbers === 'rates' ? percent(rate) : count(people);
  return html`<td
    class=${period ? `heat step-${stepOf(rate, largest)}` : 'heat'}
    title=${t('{some} of {all}, {share}', { some: count(people), all: count(size), share: percent(rate) })}
  >${words}</td>`;
}

/** What the colours mean. */
export function Legend({ answer }) {
  const largest = answer && answer.rows.length ? most(shown(answer)) : 0;
  if (!largest) return html`<span></span>`;
  const steps = Array.from({ length: STEPS }, (_, place) => place + 1);
  return html`<span class="legend">
    ${steps.map((step) => html`<span key=${step} class="key"><span class=${`swatch heat step-${step}`} aria-hidden="true"></span>≤ ${percent((largest * step) / STEPS)}</span>`)}
    <span class="key"><span class="swatch pending" aria-hidden="true"></span>${t('not over yet')}</span>
  </span>`;
}

// The curves of the cohorts, and of all visitors together. The grid below has the same numbers.

import { html, useState } from '../../parts/html.js';
import { ticks } from '../../parts/ticks.js';
import { useWidth } from '../../parts/width.js';
import { percent } from '../../text/format.js';
import { t } from '../../text/words.js';
import { cohortWords, INTERVALS, means } from './periods.js';

const [HEIGHT, LEFT, RIGHT, BOTTOM, TOP] = [200, 40, 28, 24, 8];
const LABEL = 64;

/** The x of a period and the y of a rate. */
function scales(width, periods, largest) {
  return {
    x: (period) => LEFT + (period / Math.max(1, periods - 1)) * (width - LEFT - RIGHT),
    y: (rate) => TOP + (1 - rate / largest) * (HEIGHT - TOP - BOTTOM),
  };
}

/** Period 0 is always all of them: the curves begin with the first return, so that they differ. */
export function Curves({ cohorts, interval }) {
  const hasReturns = cohorts.some(({ rates }) => rates.slice(1).some((rate) => rate !== null));
  return hasReturns && html`<${Drawing} ...${{ cohorts, interval }} />`;
}

function Drawing({ cohorts, interval }) {
  const [near, setNear] = useState(null);
  const [box, width] = useWidth();
  const all = means(cohorts).slice(1);
  const curves = cohorts.map(({ cohort, rates }) => ({ cohort, rates: rates.slice(1) }));
  const known = [...all, ...curves.flatMap(({ rates }) => rates)].filter((rate) => rate !== null);
  const marks = ticks(Math.max(...known, 0.01), 'share');
  const { x, y } = scales(width, all.length, marks.at(-1));
  const line = (rates) => rates.flatMap((rate, period) => (rate === null ? [] : [`${x(period).toFixed(1)},${y(rate).toFixed(1)}`])).join(' ');
  const hasRoom = width / all.length > LABEL;
  const mark = (period) => (hasRoom ? `${INTERVALS[interval]} ${period}` : period);
  const words = near ? t('First visit {day}', { day: cohortWords(near, interval) }) : t('All visitors');
  return html`<figure class="curves" ref=${box}>
    <svg height=${HEIGHT} role="img" aria-label=${t('Share of visitors who came back; the table below has the numbers')}>
      ${marks.map((mark) => html`<g key=${mark}>
        <line class="grid" x1=${LEFT} x2=${width - 8} y1=${y(mark)} y2=${y(mark)} />
        <text x=${LEFT - 8} y=${y(mark) + 4} text-anchor="end">${percent(mark)}</text>
      </g>`)}
      ${all.map((_, period) => html`<text key=${period} x=${x(period)} y=${HEIGHT - 4} text-anchor="middle">${mark(period + 1)}</text>`)}
      ${curves.map(({ cohort, rates }) => html`<polyline
        key=${cohort}
        class=${near === cohort ? 'near' : ''}
        points=${line(rates)}
        onPointerEnter=${() => setNear(cohort)}
        onPointerLeave=${() => setNear(null)}
      ><title>${cohortWords(cohort, interval)}</title></polyline>`)}
      <polyline class="mean" points=${line(all)} />
      ${all.map((rate, period) => rate !== null && html`<circle key=${period} cx=${x(period)} cy=${y(rate)} r="3"><title>${percent(rate)}</title></circle>`)}
    </svg>
    <figcaption class="legend">
      <span class="key"><span class="swatch mean" aria-hidden="true"></span>${words}</span>
      <span class="key"><span class="swatch other" aria-hidden="true"></span>${t('One cohort each')}</span>
    </figcaption>
  </figure>`;
}

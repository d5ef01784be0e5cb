// The funnel as columns: who got to each step, and between them, as a wedge, who did not go on.

import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { follow, link } from '../../state/address.js';
import { count, duration, percent } from '../../text/format.js';
import { stepWords } from '../../text/steps.js';
import { t } from '../../text/words.js';

const reached = (unit, values) =>
  t(unit === 'visit' ? '{some} of {all} visits got to the end' : '{some} of {all} visitors got to the end', values);

export const lostShare = ({ share_of_previous: share }) => (share === null ? null : 1 - share);

/** How many of the first step got to the last. */
export function Conversion({ answer, unit }) {
  const [first, last] = [answer?.rows[0], answer?.rows.at(-1)];
  if (!first?.count) return null;
  return html`<p class="conversion" role="status"><b>${percent(last.share_of_first)}</b>
    <span class="muted"> ${reached(unit, { some: count(last.count), all: count(first.count) })}</span></p>`;
}

/** @param {{ rows: object[], hasLinks?: boolean }} props With `hasLinks` those who left lead to the list of them. */
export function Columns({ rows, hasLinks = true }) {
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('Funnel')}><ol class="funnel" style=${{ '--wedges': Math.max(1, rows.length - 1) }}>
    ${rows.map((row, place) => html`<${Column} key=${row.step} ...${{ row, hasLinks }} next=${rows[place + 1]} />`)}
  </ol></div>`;
}

function Column({ row, next, hasLinks }) {
  const words = stepWords(row.label);
  return html`<li class=${next ? '' : 'last'} style=${{ '--share': row.share_of_first ?? 0 }}>
    <p class="what" title=${words}><span class="place">${row.step}</span><${Cut} text=${words} /></p>
    <p class="figures"><b>${count(row.count)}</b> <span class="muted">${percent(row.share_of_first)}</span></p>
    <div class="column" aria-hidden="true"><span></span></div>
    ${next && html`<${Wedge} ...${{ row, next, hasLinks }} />`}
  </li>`;
}

function Wedge({ row, next, hasLinks }) {
  const [before, after] = [row, next].map(({ share_of_first: share }) => (1 - Math.min(1, share ?? 0)) * 100);
  const words = t('{n} left after {step}: who?', { n: count(next.dropped), step: stepWords(row.label) });
  const left = html`<span aria-hidden="true">↘</span> ${t('{n} left', { n: count(next.dropped) })} <span>(${percent(lostShare(next))})</span>`;
  return html`
    <svg class="wedge" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <polygon class="on" points=${`0,${before} 100,${after} 100,100 0,100`} />
      <polygon class="off" points=${`0,${before} 100,${before} 100,${after}`} />
    </svg>
    <p class="loss">
      ${next.dropped > 0 && (hasLinks ? html`<a href=${link({ left: `${row.step}`, page: null })} onClick=${follow} title=${words} aria-label=${words}>${left}</a>` : html`<span class="left">${left}</span>`)}
      ${next.median_seconds !== null && html`<span class="muted" title=${t('Half of those who went on took less')}>${t('median {time}', { time: duration(next.median_seconds) })}</span>`}
    </p>
  `;
}

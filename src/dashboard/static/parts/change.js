// A change against the comparison: arrow, sign and colour, which know which way is good.

import { change, count } from '../text/format.js';
import { html } from './html.js';

/** From this ratio on it is written as one: × 56. */
const MANY = 10;

/** @param {{ ratio: number | null | undefined, fewerIsBetter?: boolean, title?: string }} props
 * The ratio is now / then. */
export function Change({ ratio, fewerIsBetter = false, title }) {
  if (ratio === null || ratio === undefined) return html`<span class="change muted" title=${title}>–</span>`;
  const by = Math.round((ratio - 1) * 100);
  const isBetter = by > 0 !== fewerIsBetter;
  const kind = by === 0 ? 'muted' : isBetter ? 'better' : 'worse';
  const arrow = by > 0 ? '↗' : by < 0 ? '↘' : '→';
  return html`<span class=${`change ${kind}`} title=${title}>
    <span aria-hidden="true">${arrow}</span> ${ratio < MANY ? change(by / 100) : `× ${count(ratio)}`}
  </span>`;
}

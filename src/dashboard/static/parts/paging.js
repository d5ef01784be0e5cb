// The way from some rows to those before and after.

import { go } from '../state/address.js';
import { count } from '../text/format.js';
import { html } from './html.js';

/** The number of the page that the address names, from 1. */
export const pageOf = (params) => Math.max(1, Number.parseInt(params.get('page'), 10) || 1);

/** @param {{ page: number, size: number, answer: object | null }} props The size is that of a full page. */
export function Paging({ page, size, answer }) {
  if (!answer || (page === 1 && !answer.page?.next)) return null;
  const first = (page - 1) * size + 1;
  const { next, total = null } = answer.page;
  const of = total === null ? '' : ` of ${count(total)}`;
  const turn = (steps) => () => go({ page: page + steps > 1 ? `${page + steps}` : null });
  return html`<p class="paging">
    <button type="button" class="quiet" disabled=${page === 1} onClick=${turn(-1)}>Before</button>
    <span>${count(first)} to ${count(first + answer.rows.length - 1)}${of}</span>
    <button type="button" class="quiet" disabled=${!next} onClick=${turn(1)}>Next</button>
  </p>`;
}

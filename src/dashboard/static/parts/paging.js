// The way from some rows to those before and after.

import { go } from '../state/address.js';
import { count } from '../text/format.js';
import { t } from '../text/words.js';
import { html } from './html.js';

/** The number of the page that the address names, from 1. */
export const pageOf = (params) => Math.max(1, Number.parseInt(params.get('page'), 10) || 1);

/** Which rows are shown of how many, if that is known. */
export function rangeWords(first, last, total) {
  const values = { first: count(first), last: count(last), total: count(total) };
  return t(total === null ? '{first} to {last}' : '{first} to {last} of {total}', values);
}

/** @param {{ page: number, size: number, answer: object | null }} props The size is that of a full page. */
export function Paging({ page, size, answer }) {
  if (!answer || (page === 1 && !answer.page?.next)) return null;
  const first = (page - 1) * size + 1;
  const { next, total = null } = answer.page;
  const last = first + answer.rows.length - 1;
  const turn = (steps) => () => go({ page: page + steps > 1 ? `${page + steps}` : null });
  return html`<p class="paging">
    <button type="button" class="quiet" disabled=${page === 1} onClick=${turn(-1)}>${t('Before')}</button>
    <span>${rangeWords(first, last, total)}</span>
    <button type="button" class="quiet" disabled=${!next} onClick=${turn(1)}>${t('Next')}</button>
  </p>`;
}

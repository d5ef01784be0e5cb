// What stands in the place of numbers: loading, nothing, a refusal.

import { follow, link } from '../state/address.js';
import { instead } from '../state/instead.js';
import { t } from '../text/words.js';
import { html } from './html.js';

/** Grey lines of the height of what comes. */
export function Skeleton({ rows = 9 }) {
  return html`<div class="skeleton" aria-hidden="true">
    ${Array.from({ length: rows }, (_, row) => html`<span key=${row}></span>`)}
  </div>`;
}

export function Empty({ children }) {
  return html`<p class="empty">${children}</p>`;
}

/** A refusal, with what can be done about it. @param {{ error: import('../api/refusals.js').Refusal }} props */
export function Problem({ error, retry }) {
  return html`<div class="problem" role="alert">
    <p>${error.message}</p>
    <p class="choices">${choicesFor(error, retry)}</p>
  </div>`;
}

function choicesFor(error, retry) {
  if (error.needsLogin) return html`<a class="button" href=${loginAddress()}>${t('Log in')}</a>`;
  const changes = error.instead.filter(instead);
  if (changes.length) return changes.map((change) => html`<${Instead} key=${change} change=${change} />`);
  return html`<button type="button" class="button" onClick=${retry}>${t('Try again')}</button>`;
}

const loginAddress = () =>
  `/login?${new URLSearchParams({ next: location.pathname + location.search })}`;

/** A change of the query that can be answered, as the API lists it. */
function Instead({ change }) {
  const { words, changes } = instead(change);
  return html`<a class="button" href=${link(changes)} onClick=${follow}>${words}</a>`;
}

/** The body of a card: draws the answer; what comes dims what was there before.
 * @param {{ result: import('../api/reports.js').Result, retry: () => void, rows?: number,
 *   children: (answer: object) => unknown }} props */
export function Loaded({ result, retry, rows, children: draw }) {
  const { answer, error, loading } = result;
  if (error) return html`<${Problem} error=${error} retry=${retry} />`;
  if (!answer) return html`<${Skeleton} rows=${rows} />`;
  return html`<div class=${loading ? 'loaded stale' : 'loaded'}>${draw(answer)}</div>`;
}

// The filters that hold, each a pill: a click edits it, × removes it, Alt-click inverts it. So are those
// of the segment that the view is compared with.

import { html } from '../parts/html.js';
import { go } from '../state/address.js';
import { inverted, OPERATORS, replaced, written } from '../state/filters.js';
import { dimensionWords, valueWords } from '../text/dimensions.js';
import { count } from '../text/format.js';
import { t } from '../text/words.js';

const SHOWN = 3;

/** A clause in words: dimension, operator, values. */
export function clauseWords({ dimension, operator, values }) {
  const shown = values.slice(0, SHOWN).map((value) => valueWords(dimension, value));
  const more = values.length > SHOWN ? [t('{n} more', { n: count(values.length - SHOWN) })] : [];
  return [dimensionWords(dimension), OPERATORS[operator], [...shown, ...more].join(t(' or '))];
}

/** A segment in words. @param {import('../state/filters.js').Clause[]} clauses */
export const segmentWords = (clauses) =>
  clauses.map((clause) => clauseWords(clause).join(' ')).join(', ') || t('All visits');

export function Pills({ filters, edit }) {
  if (!filters.length) return null;
  const replace = (old, made) => go(written(replaced(filters, old, made)));
  return html`<ul class="pills" aria-label=${t('Filters')}>
    ${filters.map((clause, place) => html`<${Pill} key=${place} ...${{ clause, replace, edit }} />`)}
    ${filters.length > 1 &&
    html`<li><button type="button" class="plain" onClick=${() => go({ f: null })}>${t('Clear all')}</button></li>`}
  </ul>`;
}

/** The segment that the view is compared with. `add` and `edit` open the builder of filters. Cards have the
 *  rows of the filtered side, so *Swap sides* shows those that only the other has. */
export function ComparedPills({ filters, segment, add, edit }) {
  const replace = (old, made) => go(written(replaced(segment, old, made), 'compare_f'));
  return html`<ul class="pills compared" aria-label=${t('Compared segment')}>
    <li class="muted"><span class="dashes" aria-hidden="true"></span> ${t('Compared with')}</li>
    ${segment.length
      ? segment.map((clause, place) => html`<${Pill} key=${place} ...${{ clause, replace, edit }} />`)
      : html`<li>${t('All visits')}</li>`}
    <li><button type="button" class="plain" onClick=${add}>${t('Add a filter')}</button></li>
    <li><button type="button" class="plain" title=${t('Lists have the rows of the first side')} onClick=${() => swap(filters, segment)}
    >${t('Swap sides')}</button></li>
  </ul>`;
}

const swap = (filters, segment) => go({ ...written(segment), ...written(filters, 'compare_f') });

function Pill({ clause, replace, edit }) {
  const [dimension, operator, values] = clauseWords(clause);
  const press = ({ altKey }) => (altKey ? replace(clause, inverted(clause)) : edit(clause));
  const words = `${dimension} ${operator} ${values}`;
  return html`<li class="pill">
    <button type="button" class="what" title=${t('{filter}. Click: edit, Alt-click: invert', { filter: words })} onClick=${press}>
      ${dimension} <span class="muted">${operator}</span> <b>${values}</b>
    </button>
    <button type="button" class="icon" aria-label=${t('Remove: {what}', { what: words })} onClick=${() => replace(clause, null)}>✕</button>
  </li>`;
}

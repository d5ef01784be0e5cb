// The value of a dimension in a row: a link that filters by it.

import { follow, link } from '../state/address.js';
import { isFiltered, toggled, written } from '../state/filters.js';
import { isPath, valueSign, valueWords } from '../text/dimensions.js';
import { html } from './html.js';

const LONGEST_END = 28;

/** A text that is cut in its middle where it does not fit: the last segment of a path stays. */
export function Cut({ text }) {
  const slash = text.lastIndexOf('/', text.length - 2);
  const at = Math.max(slash, text.length - LONGEST_END);
  return html`<span class="cut"><span>${text.slice(0, at)}</span><span>${text.slice(at)}</span></span>`;
}

/** @param {{ dimension: string, value: string, filters?: import('../state/filters.js').Clause[] }} props
 * Without filters it is text only. */
export function Label({ dimension, value, filters }) {
  const words = valueWords(dimension, value);
  const sign = valueSign(dimension, value);
  const text = html`
    ${sign && html`<span class="sign" aria-hidden="true">${sign}</span>`}
    ${isPath(dimension) ? html`<${Cut} text=${words} />` : html`<span class="words">${words}</span>`}
  `;
  if (!filters) return html`<span class="value" title=${words}>${text}</span>`;
  const isOn = isFiltered(filters, dimension, value);
  return html`<a
    class="value"
    title=${words}
    aria-current=${isOn ? 'true' : null}
    href=${link({ ...written(toggled(filters, dimension, value)), details: null })}
    onClick=${follow}
  >${text}</a>`;
}

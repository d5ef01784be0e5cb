// A choice that the address keeps: a select with its label.

import { go } from '../state/address.js';
import { html } from './html.js';

/** @typedef {[string, string][]} Options Keys and words. The first is the default. */

/** What the address chooses of these; the default where it makes no sense.
 * @param {URLSearchParams} params @param {Options} options */
export function chosenOf(params, name, options) {
  const chosen = params.get(name);
  return (options.find(([key]) => key === chosen) ?? options[0])[0];
}

/** @param {{ label: string, name: string, options: Options, chosen: string }} props
 * The name is the parameter of the address; the default is not written there. */
export function Choice({ label, name, options, chosen }) {
  const choose = ({ target: { value } }) => go({ [name]: value === options[0][0] ? null : value });
  return html`<label class="choice">${label}
    <select name=${name} onChange=${choose}>
      ${options.map(
        ([key, words]) => html`<option key=${key} value=${key} selected=${key === chosen}>${words}</option>`,
      )}
    </select>
  </label>`;
}

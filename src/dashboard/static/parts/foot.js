// What stands below a chart: the same numbers as a table, as a file, and where they come from.

import { go } from '../state/address.js';
import { t } from '../text/words.js';
import { html } from './html.js';
import { Origin } from './origin.js';

/** @param {{ answer: object | null, csv: string, isTable: boolean, children?: unknown }} props
 * The table is the parameter `table` of the address. */
export function Foot({ answer, csv, isTable, children }) {
  const toggle = () => go({ table: isTable ? null : '1' }, { replace: true });
  return html`<div class="foot">
    <span class="legend">${children}</span>
    <span class="links">
      <${Origin} answer=${answer} />
      <button type="button" class="plain" aria-expanded=${isTable} onClick=${toggle}>${t('As table')}</button>
      <a href=${csv} download>CSV</a>
    </span>
  </div>`;
}

/** The table itself, which scrolls in its own box. */
export const Numbers = ({ children }) =>
  html`<div class="scroll numbers" tabindex="0" role="group" aria-label=${t('The chart as a table')}>${children}</div>`;

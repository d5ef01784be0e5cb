// The choice of what the range is compared with.

import { html } from '../parts/html.js';
import { Popover } from '../parts/popover.js';
import { COMPARISONS } from '../state/comparisons.js';
import { chooseComparison } from '../state/view.js';
import { span } from '../text/format.js';
import { t } from '../text/words.js';

const words = ({ compare, compareFrom, compareTo }) =>
  compare === 'custom' ? span(compareFrom, compareTo) : COMPARISONS[compare];

export function ComparisonPicker({ view: { comparison, today }, open, onOpen }) {
  const label = html`<span class="versus">${t('vs.')}</span> ${words(comparison)} <span aria-hidden="true">▾</span>`;
  return html`<${Popover} name="comparison" title=${t('Comparison: {what}', { what: words(comparison) })} ...${{ label, open, onOpen }}>
    ${(close) => html`<ul class="presets">
        ${['off', 'previous', 'year'].map(
          (compare) => html`<li key=${compare}><button
            type="button"
            value=${compare}
            aria-pressed=${compare === comparison.compare}
            onClick=${() => {
              close();
              chooseComparison(compare);
            }}
          >${COMPARISONS[compare]}</button></li>`,
        )}
      </ul>
      <${Custom} ...${{ comparison, today, close }} />`}
  <//>`;
}

function Custom({ comparison: { compareFrom, compareTo }, today, close }) {
  const submit = (event) => {
    event.preventDefault();
    const { from, to } = event.target.elements;
    close();
    chooseComparison('custom', ...[from.value, to.value].sort());
  };
  const day = (name, words, value) => html`<label>${words}
    <input type="date" name=${name} max=${today} value=${value?.slice(0, 10)} required />
  </label>`;
  return html`<form class="custom" onSubmit=${submit}>
    ${day('from', t('From'), compareFrom)} ${day('to', t('To'), compareTo)}
    <button type="submit">${t('Compare')}</button>
  </form>`;
}

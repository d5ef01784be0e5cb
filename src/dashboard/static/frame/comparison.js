// The choice of what the view is compared with.

import { useQuestion } from '../api/question.js';
import { html } from '../parts/html.js';
import { Popover } from '../parts/popover.js';
import { BY_NAME, COMPARISONS } from '../state/comparisons.js';
import { clausesOf, filterOf } from '../state/filters.js';
import { isKnown, site } from '../state/site.js';
import { chooseComparison, compareWith } from '../state/view.js';
import { span } from '../text/format.js';
import { t } from '../text/words.js';
import { segmentWords } from './pills.js';

const words = ({ compare, compareFrom, compareTo }) =>
  compare === 'custom' ? span(compareFrom, compareTo) : COMPARISONS[compare];

export function ComparisonPicker({ view: { comparison, range, today }, open, onOpen }) {
  const label = html`<span class="versus">${t('vs.')}</span> ${words(comparison)} <span aria-hidden="true">▾</span>`;
  const isAll = range.period === 'all'; // nothing is before it
  return html`<${Popover} name="comparison" title=${t('Comparison: {what}', { what: words(comparison) })} ...${{ label, open, onOpen }}>
    ${(close) => html`<ul class="presets">
        ${(isAll ? ['off'] : BY_NAME).map(
          (compare) => html`<li key=${compare}><${Choice}
            isChosen=${compare === comparison.compare}
            value=${compare}
            choose=${() => {
              close();
              chooseComparison(compare);
            }}
          >${COMPARISONS[compare]}<//></li>`,
        )}
      </ul>
      ${!isAll && html`<${Custom} ...${{ comparison, today, close }} />`}
      <${Segments} ...${{ comparison, close }} />`}
  <//>`;
}

const Choice = ({ isChosen, value, title, choose, children }) =>
  html`<button type="button" value=${value} title=${title} aria-pressed=${isChosen} onClick=${choose}>${children}</button>`;

/** All visits, and the saved segments, as far as filters of the address can say what they are. */
function Segments({ comparison: { segment }, close }) {
  const saved = useQuestion(isKnown ? 'segments' : null, { site });
  const listed = (saved.answer ?? []).map(({ id, name, filters }) => ({ id, name, clauses: clausesOf(filters) }));
  const choices = [{ id: 'all', name: t('All visits'), clauses: [] }, ...listed.filter(({ clauses }) => clauses)];
  const choose = (clauses) => () => {
    close();
    compareWith(clauses);
  };
  return html`<div class="with-segment">
    <p class="muted">${t('Or with other visits of the same days')}</p>
    <ul class="presets" aria-label=${t('Segments')}>${choices.map(
      ({ id, name, clauses }) => html`<li key=${id}><${Choice}
        isChosen=${Boolean(segment) && filterOf(segment) === filterOf(clauses)}
        title=${segmentWords(clauses)}
        choose=${choose(clauses)}
      ><span class="words">${name}</span><//></li>`,
    )}</ul>
  </div>`;
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

// Makes or edits a filter of the view, or of the segment that it is compared with: dimension, operator, values with suggestions from the data.

import { Dialog } from '../parts/dialog.js';
import { html, useState } from '../parts/html.js';
import { go } from '../state/address.js';
import { OPERATORS, replaced, written } from '../state/filters.js';
import { DIMENSIONS } from '../text/dimensions.js';
import { t } from '../text/words.js';
import { Values } from './values.js';

const GROUPS = {
  [t('Pages')]: ['page', 'entry_page', 'exit_page', 'hostname', 'title'],
  [t('Sources')]: ['channel', 'source', 'referrer', 'campaign', 'medium', 'content', 'term'],
  [t('Locations')]: ['country', 'region', 'city'],
  [t('Devices')]: ['device', 'browser', 'browser_version', 'os', 'os_version', 'screen', 'language'],
  [t('Visitors')]: ['visitor_type'],
  [t('Events')]: ['event', 'goal'],
};
const PROPERTY = 'props:';

/** @param {{ view: object, list: import('../state/filters.js').List, clause: object | null, close: () => void }} props
 * The filters of the view are those of the list. */
export function Builder({ view, list, clause, close }) {
  const [draft, setDraft] = useState(clause ?? { dimension: 'page', operator: 'is', values: [] });
  const change = (changes) => setDraft((old) => ({ ...old, ...changes }));
  const isComplete = draft.values.length > 0 && draft.dimension !== PROPERTY;
  const submit = (event) => {
    event.preventDefault();
    if (!isComplete) return;
    close();
    go(written(clause ? replaced(view.filters, clause, draft) : [...view.filters, draft], list));
  };
  return html`<${Dialog} id="builder" title=${t(clause ? 'Edit filter' : 'Add a filter')} close=${close}>
    <form onSubmit=${submit}>
      <div class="fields">
        <${Dimension} dimension=${draft.dimension} choose=${(dimension) => change({ dimension, values: [] })} />
        <${Operator} operator=${draft.operator} choose=${(operator) => change({ operator })} />
      </div>
      <${Values} key=${draft.dimension} ...${{ view, clause, draft }} choose=${(values) => change({ values })} />
      <p class="end"><button type="submit" disabled=${!isComplete}>${t(clause ? 'Change the filter' : 'Add the filter')}</button></p>
    </form>
  <//>`;
}

function Dimension({ dimension, choose }) {
  const isProperty = dimension.startsWith(PROPERTY);
  const option = (key) => html`<option key=${key} value=${key} selected=${key === dimension}>${DIMENSIONS[key].words}</option>`;
  return html`
    <label>${t('What')}
      <select name="dimension" onChange=${({ target }) => choose(target.value)}>
        ${Object.entries(GROUPS).map(
          ([label, keys]) => html`<optgroup key=${label} label=${label}>${keys.map(option)}</optgroup>`,
        )}
        <option value=${PROPERTY} selected=${isProperty}>${t('Property of events …')}</option>
      </select>
    </label>
    ${isProperty &&
    html`<label>${t('Name of the property')}
      <input
        name="property"
        value=${dimension.slice(PROPERTY.length)}
        onChange=${({ target }) => choose(PROPERTY + target.value.trim())}
      />
    </label>`}
  `;
}

function Operator({ operator, choose }) {
  return html`<label>${t('How')}
    <select name="operator" onChange=${({ target }) => choose(target.value)}>
      ${Object.entries(OPERATORS).map(
        ([key, words]) => html`<option key=${key} value=${key} selected=${key === operator}>${words}</option>`,
      )}
    </select>
  </label>`;
}

// A field in which somebody picks a page or an event: typed, or one of the suggestions.

import { useSuggestions } from '../api/suggestions.js';
import { count } from '../text/format.js';
import { stepOf } from '../text/steps.js';
import { t } from '../text/words.js';
import { html, useId, useState } from './html.js';

const KINDS = { page: t('page views'), event: t('events') };

/** @param {{ label: string, value: string, view: object, choose: (step: string) => void,
 *   dimensions?: ('page' | 'event')[], isNew?: boolean }} props
 * A new one is chosen by Enter or from the list, and the field is empty again; one that is there
 * already changes also when the field is left. */
export function Pick({ label, value = '', view, choose, dimensions = ['page', 'event'], isNew = false, ...rest }) {
  const [text, setText] = useState(value);
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const found = useSuggestions(dimensions, view, text === value ? '' : text, isOpen);
  const take = (given) => {
    const step = given.trim();
    setText(isNew ? '' : step || value);
    if (step && step !== value) choose(step);
  };
  const input = ({ target, inputType }) => {
    setText(target.value);
    if (inputType === 'insertReplacementText') take(target.value); // picked from the list
  };
  const press = (event) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    take(event.target.value);
  };
  const option = (one) => html`<option key=${one.dimension + one.value} value=${stepOf(one)}>
    ${count(one.count)} ${KINDS[one.dimension]}
  </option>`;
  return html`
    <input
      ...${rest}
      class="pick"
      type="text"
      list=${id}
      autocomplete="off"
      spellcheck=${false}
      aria-label=${label}
      title=${value || null}
      maxlength="2000"
      value=${text}
      onFocus=${() => setOpen(true)}
      onInput=${input}
      onKeyDown=${press}
      onChange=${({ target }) => isNew || take(target.value)}
    />
    <datalist id=${id}>${found.map(option)}</datalist>
  `;
}

// The values of a filter: those chosen, a text to type, and suggestions with their counts.

import { get } from '../api/client.js';
import { html, useEffect, useState } from '../parts/html.js';
import { filterOf } from '../state/filters.js';
import { valueSign, valueWords } from '../text/dimensions.js';
import { count } from '../text/format.js';
import { t } from '../text/words.js';

const WAIT = 150;
const SHOWN = 8;
const NOT_SUGGESTED = ['goal'];

export function Values({ view, clause, draft: { dimension, operator, values }, choose }) {
  const [text, setText] = useState('');
  const isWhole = operator.startsWith('is');
  const found = useSuggestions(view, clause, dimension, text);
  const toggle = (value) =>
    choose(values.includes(value) ? values.filter((one) => one !== value) : [...values, value]);
  const add = () => {
    if (text && !values.includes(text)) choose([...values, text]);
    setText('');
  };
  const press = (event) => {
    if (event.key !== 'Enter' || !text) return;
    event.preventDefault();
    add();
  };
  return html`
    <ul class="chosen" aria-label=${t('Values')}>${values.map(
      (value) => html`<li key=${value} class="pill">
        <span class="what">${valueWords(dimension, value)}</span>
        <button type="button" class="icon" aria-label=${t('Remove {what}', { what: value })} onClick=${() => toggle(value)}>✕</button>
      </li>`,
    )}</ul>
    <label>${t(isWhole ? 'Search, or type a value' : 'Text')}
      <span class="fields">
        <input
          name="value"
          autocomplete="off"
          placeholder=${operator.startsWith('matches') ? t('/blog/*, * within and ** across segments') : ''}
          value=${text}
          onInput=${({ target }) => setText(target.value)}
          onKeyDown=${press}
        />
        <button type="button" class="quiet" disabled=${!text} onClick=${add}>${t('Add')}</button>
      </span>
    </label>
    ${isWhole && html`<${Suggestions} ...${{ dimension, found, values, toggle }} />`}
  `;
}

function Suggestions({ dimension, found, values, toggle }) {
  if (!found) return html`<p class="muted">${t('Type a value and press Enter.')}</p>`;
  const option = ({ [dimension]: value, count: number }) => html`<li key=${value}><label>
    <input type="checkbox" checked=${values.includes(value)} onChange=${() => toggle(value)} />
    <span title=${value}>${valueSign(dimension, value)} ${valueWords(dimension, value)}</span>
    <small>${count(number)}</small>
  </label></li>`;
  return html`<ul class="suggestions" aria-label=${t('Suggestions')}>
    ${found.length ? found.map(option) : html`<li class="muted">${t('Nothing of that kind in this range.')}</li>`}
  </ul>`;
}

/** The most frequent values that contain a text, among visits that the other filters hold for; null
 *  where the API suggests none. */
function useSuggestions(view, clause, dimension, text) {
  const [rows, setRows] = useState([]);
  const isAsked = !dimension.startsWith('props:') && !NOT_SUGGESTED.includes(dimension);
  const others = filterOf(view.filters.filter((one) => one !== clause));
  const { filters: _, ...range } = view.common;
  const query = { ...range, ...(others && { filters: others }), dimension, q: text, limit: SHOWN };
  useEffect(() => {
    if (!isAsked) return undefined;
    const abort = new AbortController();
    const ask = () =>
      get('analytics/values', query, abort.signal).then((answer) => setRows(answer.rows), () => {});
    const timer = setTimeout(ask, text ? WAIT : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [JSON.stringify(query)]);
  return isAsked ? rows : null;
}

// The values of a property of an event.

import { address } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Ranking } from '../../parts/table.js';
import { Tabs } from '../../parts/tabs.js';
import { go } from '../../state/address.js';
import { isKnown } from '../../state/site.js';
import { numberColumn } from '../overview/columns.js';
import { t } from '../../text/words.js';

const MOST = 100;

/** How many of the latest events are looked at for names of properties. */
const LOOKED_AT = 200;
const MOST_NAMES = 12;

/** The question for the values of the chosen property; null while none is chosen. */
export function propertiesQuery({ common }, params) {
  const [name, property] = [params.get('event'), params.get('prop')];
  return name && property ? { report: 'events', ...common, name, property, totals: false, limit: MOST } : null;
}

/** The names of properties that the event has; none for somebody who may not read raw data. */
function useNames({ common: { filters: _, ...range } }, event) {
  const filters = JSON.stringify([['is', 'event', [event]]]);
  const { answer } = useQuestion(isKnown ? 'events/raw' : null, { ...range, filters, limit: LOOKED_AT });
  return [...new Set((answer?.rows ?? []).flatMap(({ props }) => Object.keys(props ?? {})))].slice(0, MOST_NAMES);
}

export function PropertiesCard({ view, params, event, result, retry }) {
  const property = params.get('prop');
  const names = useNames(view, event);
  const query = propertiesQuery(view, params);
  const options = [...new Set([...names, property].filter(Boolean))].map((name) => [name, name]);
  return html`<${Card} id="properties" title=${t('Properties of {event}', { event })} busy=${Boolean(query) && result.loading}>
    <${Other} property=${property} />
    ${options.length > 0 && html`<${Tabs} label=${t('Property')} options=${options} chosen=${property} choose=${(name) => go({ prop: name })} />`}
    <div class="body">${query
      ? html`<${Loaded} result=${result} retry=${retry} rows=${6}>${({ rows }) => html`<${Rows} rows=${rows} property=${property} />`}<//>`
      : html`<${Empty}>${t('Choose a property of this event.')}<//>`}</div>
    ${query && html`<div class="foot"><span class="links">
      <a href=${address('analytics/events', { ...view.common, name: event, property, limit: 1000, format: 'csv' })} download>CSV</a>
    </span></div>`}
  <//>`;
}

/** The name of a property, typed. */
function Other({ property }) {
  const [text, setText] = useState(property ?? '');
  const submit = (event) => {
    event.preventDefault();
    go({ prop: text.trim() || null });
  };
  return html`<form class="fields" onSubmit=${submit}>
    <input name="prop" aria-label=${t('Name of a property')} placeholder=${t('Name of a property')} autocomplete="off" maxlength="200" value=${text} onInput=${({ target }) => setText(target.value)} />
    <button type="submit" class="quiet">${t('Show')}</button>
  </form>`;
}

function Rows({ rows, property }) {
  if (!rows.length) return html`<${Empty}>${t('No event of this name has the property in this range.')}<//>`;
  const value = ({ value: text }) => html`<span class="value" title=${text}><span class="words">${text || t('(empty)')}</span></span>`;
  const columns = [{ key: 'value', words: property, cell: value }, ...['custom_events', 'visitors'].map(numberColumn)];
  return html`<${Ranking} ...${{ columns, rows }} caption=${t('Values of {property}', { property })} size=${(row) => row.custom_events} />`;
}

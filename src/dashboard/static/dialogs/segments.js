// Saved segments: filters under a name, for oneself or for all who read the site.

import { get, send } from '../api/client.js';
import { Dialog } from '../parts/dialog.js';
import { html, useEffect, useState } from '../parts/html.js';
import { Empty, Loaded } from '../parts/states.js';
import { go } from '../state/address.js';
import { clausesOf, filterOf, written } from '../state/filters.js';
import { site } from '../state/site.js';
import { count } from '../text/format.js';
import { t } from '../text/words.js';
import { segmentWords } from '../frame/pills.js';

export function Segments({ view, close }) {
  const [result, setResult] = useState({ loading: true });
  const ask = () =>
    get('segments', { site }).then(
      (answer) => setResult({ answer }),
      (error) => setResult({ error }),
    );
  useEffect(() => void ask(), []);
  return html`<${Dialog} id="segments" title=${t('Saved segments')} close=${close}>
    <${Loaded} result=${result} retry=${ask} rows=${3}>${(saved) => html`<${Saved} ...${{ saved, close, ask }} />`}<//>
    ${view.filters.length > 0 && html`<${Save} filters=${view.filters} ask=${ask} />`}
  <//>`;
}

function Saved({ saved, close, ask }) {
  const [error, setError] = useState(null);
  if (!saved.length) return html`<${Empty}>${t('A segment is a set of filters with a name. Filter, then save it here.')}<//>`;
  const remove = ({ id }) => send('DELETE', `segments/${id}`).then(ask, setError);
  return html`
    <ul class="segments">${saved.map((segment) => html`<${Row} key=${segment.id} ...${{ segment, close, remove }} />`)}</ul>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
  `;
}

function Row({ segment, close, remove }) {
  const clauses = clausesOf(segment.filters);
  const words = clauses && segmentWords(clauses);
  const apply = () => {
    close();
    go(written(clauses));
  };
  return html`<li>
    <button type="button" class="quiet" disabled=${!clauses} title=${words} onClick=${apply}>
      <b>${segment.name}</b> <span class="muted">${words ?? t('has parts that only the API can show')}</span>
    </button>
    <span class="muted">${t(segment.shared ? 'of the site' : 'yours')}</span>
    <button type="button" class="icon" aria-label=${t('Delete {name}', { name: segment.name })} onClick=${() => remove(segment)}>✕</button>
  </li>`;
}

function Save({ filters, ask }) {
  const [error, setError] = useState(null);
  const submit = (event) => {
    event.preventDefault();
    const { target: form } = event;
    const { name, shared } = form.elements;
    const body = { site, name: name.value.trim(), shared: shared.checked, filters: filterOf(filters) };
    const done = () => {
      form.reset();
      setError(null);
      return ask();
    };
    send('POST', 'segments', body).then(done, setError);
  };
  return html`<form onSubmit=${submit}>
    <label>${t(filters.length === 1 ? 'Save the filter as' : 'Save the {n} filters as', { n: count(filters.length) })}
      <input name="name" required maxlength="200" autocomplete="off" placeholder=${t('Name')} /></label>
    <label class="check"><input type="checkbox" name="shared" /> ${t('for everybody who reads the site')}</label>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <p class="end"><button type="submit">${t('Save the segment')}</button></p>
  </form>`;
}

// Notes at days of the site, as marks of the chart; and the dialog in which they are read and saved.

import { send } from '../../api/client.js';
import { Dialog } from '../../parts/dialog.js';
import { html, useState } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { isKnown, site } from '../../state/site.js';
import { moment } from '../../text/format.js';
import { t } from '../../text/words.js';

/** @param {{ result: object, today: string, retry: () => void, close: () => void }} props
 * The result is that of the notes. */
export function Notes({ result, retry, today, close }) {
  return html`<${Dialog} id="notes" title=${t('Notes')} close=${close}>
    <${Loaded} result=${result} retry=${retry} rows=${3}>${(notes) => html`<${Saved} ...${{ notes, retry }} />`}<//>
    ${isKnown && html`<${Save} ...${{ retry, today }} />`}
  <//>`;
}

function Saved({ notes, retry }) {
  const [error, setError] = useState(null);
  if (!notes.length) return html`<${Empty}>${t('A note at a day explains a peak or a gap of the chart.')}<//>`;
  const remove = ({ id }) => send('DELETE', `annotations/${id}`).then(retry, setError);
  const row = (note) => html`<li key=${note.id}>
    <span class="muted">${moment(note.day)}</span> <span class="said">${note.text}</span>
    ${isKnown && html`<button type="button" class="icon" aria-label=${t('Delete {name}', { name: note.text })} onClick=${() => remove(note)}>✕</button>`}
  </li>`;
  return html`
    <ul class="notes">${notes.toReversed().map(row)}</ul>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
  `;
}

function Save({ retry, today }) {
  const [error, setError] = useState(null);
  const submit = (event) => {
    event.preventDefault();
    const { target: form } = event;
    const body = { site, day: form.elements.day.value, text: form.elements.text.value.trim() };
    const done = () => {
      form.elements.text.value = '';
      setError(null);
      retry();
    };
    send('POST', 'annotations', body).then(done, setError);
  };
  return html`<form onSubmit=${submit}>
    <div class="fields">
      <label>${t('Day')} <input type="date" name="day" value=${today} required /></label>
      <label>${t('What happened')} <input name="text" required maxlength="200" autocomplete="off" /></label>
    </div>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <p class="end"><button type="submit">${t('Save the note')}</button></p>
  </form>`;
}

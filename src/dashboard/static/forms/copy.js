// Text to be copied: a snippet, a link, a secret.

import { html, useEffect, useId, useRef, useState } from '../parts/html.js';
import { t } from '../text/words.js';

/** @param {{ label: string, text: string, isLong?: boolean, rows?: number, isNew?: boolean,
 *   children?: unknown }} props What is new gets the focus. */
export function Copy({ label, text, isLong = false, rows = 3, isNew = false, children }) {
  const id = useId();
  const field = useRef(null);
  const [said, setSaid] = useState('');
  useEffect(() => isNew && field.current.focus(), [text]);
  const copy = async () => {
    field.current.select();
    try {
      await navigator.clipboard.writeText(text);
      setSaid(t('Copied.'));
    } catch {
      setSaid(t('Press Ctrl+C to copy it.')); // pages without TLS have no clipboard
    }
  };
  const control = { ref: field, id, value: text, readonly: true, spellcheck: false, onFocus: () => field.current.select() };
  return html`<div class="field copy">
    <label for=${id}>${label}</label>
    <div class="joint">
      ${isLong ? html`<textarea rows=${rows} ...${control}></textarea>` : html`<input ...${control} />`}
      <button type="button" class="quiet" onClick=${copy}>${t('Copy')}</button>
    </div>
    <p class="about muted"><span role="status">${said}</span><span>${children}</span></p>
  </div>`;
}

/** A secret that no other answer has. */
export function Secret({ label, text }) {
  return html`<div class="secret" role="group" aria-label=${label}>
    <${Copy} label=${label} text=${text} isNew>${t('It is shown only now: keep it where nobody else reads it.')}<//>
  </div>`;
}

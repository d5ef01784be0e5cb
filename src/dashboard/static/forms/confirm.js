// A question before what cannot be undone.

import { Dialog } from '../parts/dialog.js';
import { html, useState } from '../parts/html.js';

/** @param {{ id: string, title: string, no: string, yes: string, act: () => Promise<unknown>,
 *   close: () => void, children: unknown }} props A refusal of `act` is shown. */
export function Confirm({ id, title, no, yes, act, close, children }) {
  const [error, setError] = useState(null);
  return html`<${Dialog} id=${id} title=${title} close=${close}>
    ${children}
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <p class="end choices"><button type="button" class="quiet" onClick=${close}>${no}</button>
      <button type="button" class="quiet error" onClick=${() => act().catch(setError)}>${yes}</button></p>
  <//>`;
}

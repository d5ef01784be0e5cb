// A modal dialog: the browser keeps the focus in it, and gives it back.

import { t } from '../text/words.js';
import { html, useEffect, useRef } from './html.js';

/** @param {{ id: string, title: string, close: () => void, tools?: unknown, children: unknown }} props */
export function Dialog({ id, title, close, tools, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const clickOutside = (event) => event.target === dialog.current && close();
  const cancel = (event) => {
    event.preventDefault();
    close();
  };
  return html`<dialog
    ref=${dialog}
    id=${id}
    aria-labelledby=${`${id}-title`}
    onCancel=${cancel}
    onClose=${close}
    onClick=${clickOutside}
  >
    <div class="inside">
      <div class="head">
        <h2 id=${`${id}-title`}>${title}</h2>
        ${tools}
        <button type="button" class="icon" aria-label=${t('Close')} onClick=${close}>✕</button>
      </div>
      ${children}
    </div>
  </dialog>`;
}

// A button that opens a panel below it. Escape, a click elsewhere and leaving by Tab close it.

import { html, useEffect, useId, useRef, useState } from './html.js';

/** @param {{ label: unknown, title?: string, name: string, className?: string, open?: boolean,
 *   onOpen?: (open: boolean) => void, children: (close: () => void) => unknown }} props
 * With `onOpen`, whether it is open is known outside. */
export function Popover({ label, title, name, className = 'quiet', children, open, onOpen }) {
  const [isOpenHere, setOpenHere] = useState(false);
  const box = useRef(null);
  const id = useId();
  const isOpen = onOpen ? open : isOpenHere;
  const set = onOpen ?? setOpenHere;
  const close = () => {
    set(false);
    box.current?.querySelector('button').focus();
  };
  useOutside(box, isOpen, () => set(false));
  useFirstFocus(box, isOpen);
  const press = (event) => {
    if (event.key !== 'Escape' || !isOpen) return;
    event.stopPropagation();
    close();
  };
  return html`<div class="popover" ref=${box} onKeyDown=${press}>
    <button
      type="button"
      id=${name}
      class=${className}
      title=${title}
      aria-label=${title}
      aria-haspopup="dialog"
      aria-expanded=${isOpen}
      aria-controls=${isOpen ? id : null}
      onClick=${() => set(!isOpen)}
    >${label}</button>
    ${isOpen && html`<div class="panel" id=${id} role="dialog" aria-label=${title}>${children(close)}</div>`}
  </div>`;
}

/** Tells when pointer or focus go elsewhere. */
function useOutside(box, isOpen, leave) {
  useEffect(() => {
    if (!isOpen) return undefined;
    const notice = ({ target }) => {
      if (target.isConnected && !box.current.contains(target)) leave();
    };
    const types = ['pointerdown', 'focusin'];
    for (const type of types) document.addEventListener(type, notice);
    return () => types.forEach((type) => document.removeEventListener(type, notice));
  }, [isOpen]);
}

/** Focuses what is marked in the panel, or its first control. */
function useFirstFocus(box, isOpen) {
  useEffect(() => {
    if (!isOpen) return;
    const panel = box.current.querySelector('.panel');
    (panel.querySelector('[data-first]') ?? panel.querySelector('button, input, select, a'))?.focus();
  }, [isOpen]);
}

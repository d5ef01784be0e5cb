// A card: title, tabs, menu, body. It has the height of a full one from the beginning.

import { html } from './html.js';

/** @param {{ id: string, title: string, busy?: boolean, tools?: unknown, children: unknown }} props */
export function Card({ id, title, busy = false, tools, children, className = '' }) {
  return html`<section
    class=${`card ${className}`}
    id=${id}
    aria-labelledby=${`${id}-title`}
    aria-busy=${busy}
  >
    <div class="head"><h2 id=${`${id}-title`}>${title}</h2>${tools}</div>
    ${children}
  </section>`;
}

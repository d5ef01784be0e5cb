// A list of things with what can be done about each: members, keys, links.

import { html } from '../parts/html.js';
import { Empty } from '../parts/states.js';

/** @param {{ label: string, items: object[], empty: string, row: (item: object) =>
 *   { key: unknown, title: unknown, about: unknown, tools: unknown } }} props */
export function Rows({ label, items, empty, row }) {
  if (!items.length) return html`<${Empty}>${empty}<//>`;
  return html`<ul class="rows" aria-label=${label}>${items.map((item) => {
    const { key, title, about, tools } = row(item);
    return html`<li key=${key}>
      <div class="what"><span class="words">${title}</span><span class="muted">${about}</span></div>
      ${tools && html`<div class="does">${tools}</div>`}
    </li>`;
  })}</ul>`;
}

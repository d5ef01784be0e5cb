// Text buttons of which one is chosen.

import { html } from './html.js';

/** @param {{ label: string, options: [string, string][], chosen: string,
 *   choose: (key: string) => void }} props Options are keys and words. */
export function Tabs({ label, options, chosen, choose }) {
  const tab = ([key, words]) => html`<button
    type="button"
    key=${key}
    value=${key}
    aria-pressed=${key === chosen}
    onClick=${() => choose(key)}
  >${words}</button>`;
  return html`<div class="tabs" role="group" aria-label=${label}>${options.map(tab)}</div>`;
}

// Sections of a page of settings, one of which is shown: the parameter `section` of the address.

import { html, useEffect, useRef } from '../parts/html.js';
import { follow, link, useAddress } from '../state/address.js';

/** What else sections keep in the address; it means nothing to another one. */
const OWN = { q: null, before: null, error: null, kind: null, account: null, network: null, since: null, until: null };

/** @param {{ label: string, sections: [string, string, Function][], more?: unknown }} props
 * Sections are keys, words and components, the first is the default; what else is given is given to
 * the component. `more` follows the last one. */
export function Sections({ label, sections, more, ...given }) {
  const asked = useAddress().get('section');
  const [chosen, , Section] = sections.find(([key]) => key === asked) ?? sections[0];
  const list = useRef(null);
  useEffect(() => list.current.querySelector('[aria-current]').scrollIntoView({ block: 'nearest', inline: 'center' }), [chosen]);
  const entry = ([key, words]) => html`<a key=${key} href=${link({ section: key, ...OWN })} onClick=${follow} aria-current=${key === chosen ? 'page' : null}>${words}</a>`;
  return html`<div class="sections">
    <nav ref=${list} aria-label=${label}>${sections.map(entry)}${more}</nav>
    <div class="section" key=${chosen}><${Section} ...${given} /></div>
  </div>`;
}

// Starts a page: the frame around it, and what every page has.

import { html, render } from '../parts/html.js';
import { begin } from '../state/view.js';
import { Frame } from './frame.js';

/** Draws a page about the site. Its component reads the view with `useView`.
 * @param {Function} Page
 * @param {{ comparison?: boolean, filters?: boolean, views?: (params: URLSearchParams) => object[] }} [uses] controls
 *   that make no sense on the page are left out; `views` are what can be put on a board (pages/boards/save.js) */
export function start(Page, uses = {}) {
  begin();
  const frame = html`<${Frame} uses=${{ comparison: true, filters: true, ...uses }}><${Page} /><//>`;
  render(frame, document.getElementById('main'));
}

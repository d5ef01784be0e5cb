// Starts a page that asks about no range of time: nothing of the frame is around it.

import { html, render } from '../parts/html.js';

/** Draws a page. @param {Function} Page */
export const startPlain = (Page) => render(html`<${Page} />`, document.getElementById('main'));

import { html } from '../parts/html.js';
import { startPlain } from '../frame/plain.js';

startPlain(() => html`<h1>soon</h1>`);

// The board, or the one view of it, that a share link shows.

import { startPlain } from '../frame/plain.js';
import { html } from '../parts/html.js';
import { Board } from './boards/board.js';

const { board } = document.getElementById('main').dataset;

startPlain(() => html`<${Board} number=${board} />`);

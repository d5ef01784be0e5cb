// Boards: the list of them, or the one that the address names.

import { startPlain } from '../frame/plain.js';
import { html } from '../parts/html.js';
import { useAddress } from '../state/address.js';
import { Board } from './boards/board.js';
import { Boards } from './boards/list.js';

function Page() {
  const number = useAddress().get('board');
  return number ? html`<${Board} key=${number} number=${number} />` : html`<${Boards} />`;
}

startPlain(Page);

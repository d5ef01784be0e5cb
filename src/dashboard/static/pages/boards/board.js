// A board: its views and notes in order, and what may be done with them.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Later } from '../../frame/later.js';
import { html, useEffect, useRef, useState } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { follow, link } from '../../state/address.js';
import { isKnown } from '../../state/site.js';
import { t } from '../../text/words.js';
import { useAnswers } from './answers.js';
import { Item } from './item.js';

/** Few visits of a board change it. */
const loadDialogs = () => import('./dialogs.js').then(({ Dialogs }) => Dialogs);

/** @param {{ number: string }} props */
export function Board({ number }) {
  const result = useQuestion(`boards/${encodeURIComponent(number)}`, {});
  return html`<div class="boards">
    <${Loaded} result=${{ ...result, loading: false }} retry=${result.retry} rows=${12}>
      ${(board) => html`<${Shown} board=${board} reload=${result.retry} />`}
    <//>
  </div>`;
}

function Shown({ board, reload }) {
  // What is open: 'note', 'settings', 'share', 'delete', or { edit, share, remove: an item }.
  const [open, setOpen] = useState(null);
  const [said, setSaid] = useState('');
  const { of, retry } = useAnswers(board);
  const move = useMoves(board, reload, setSaid);
  const { items } = board;
  return html`
    <${Head} board=${board} open=${setOpen} />
    <p class="hidden" role="status">${said}</p>
    ${items.length === 0 && html`<div class="card"><${Empty}>${t('Nothing is on this board yet.')} ${board.can_change && t('Open a page, and choose “To a board” there.')}<//></div>`}
    <ul class="items" aria-label=${t('Items')}>
      ${items.map((item, place) => html`<${Item} key=${item.id} ...${{ item, board, place, move, retry }} result=${of(item.id)} open=${setOpen} />`)}
    </ul>
    ${open && html`<${Later} load=${loadDialogs} ...${{ open, board, reload }} close=${() => setOpen(null)} />`}
  `;
}

function Head({ board, open }) {
  const whose = board.is_mine ? t('Yours') : t('Of {owner}', { owner: board.owner ?? t('an account that was deleted') });
  return html`<div class="title">
    <div class="what">
      ${isKnown && html`<a href=${link({ board: null })} onClick=${follow}>${t('All boards')}</a>`}
      <h1>${board.name}</h1>
      ${isKnown && html`<p class="muted">${whose}, ${t(board.shared ? 'shared with members of the site' : 'seen by nobody else')}</p>`}
    </div>
    <div class="does">
      ${board.can_change && html`
        <button type="button" class="quiet" onClick=${() => open('note')}><span aria-hidden="true">+</span> ${t('Note')}</button>
        <button type="button" class="quiet" onClick=${() => open('settings')}>${t('Name and members')}</button>`}
      ${board.can_link && html`<button type="button" class="quiet" onClick=${() => open('share')}>${t('Share link')}</button>`}
      ${board.can_change && html`<button type="button" class="quiet" onClick=${() => open('delete')}>${t('Delete')}</button>`}
    </div>
  </div>`;
}

/** Moves items; the button that was pressed keeps the focus where its item is then. */
function useMoves({ id: number, items }, reload, say) {
  const pressed = useRef(null);
  useEffect(() => {
    const button = pressed.current && document.getElementById(pressed.current);
    const other = button?.disabled ? button.parentElement.querySelector('button:not(:disabled)') : button;
    other?.focus();
    pressed.current = null;
  }, [JSON.stringify(items.map(({ id }) => id))]);
  return async ({ id, title }, place, button) => {
    try {
      await send('PATCH', `boards/${number}/items/${id}`, { place });
      pressed.current = button;
      say(t('{title} is now {place} of {all}.', { title, place: place + 1, all: items.length }));
    } catch (error) {
      say(error.message);
    }
    reload();
  };
}

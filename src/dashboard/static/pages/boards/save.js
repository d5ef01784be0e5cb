// The dialog that puts what a page shows on a board.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Dialog } from '../../parts/dialog.js';
import { html, useState } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { site } from '../../state/site.js';
import { t } from '../../text/words.js';

/** @typedef {object} Savable What a page shows, as it can be put on a board.
 * @property {string} words
 * @property {{ report: string }} query the query of the batch
 * @property {'number' | 'series' | 'ranking' | 'table' | 'diagram'} drawing
 * @property {string[]} [columns] */

const NEW = 'new';

/** @param {{ views: (params: URLSearchParams) => Savable[], params: URLSearchParams, close: () => void }} props */
export function SaveView({ views, params, close }) {
  const list = useQuestion('boards', { site });
  const [saved, setSaved] = useState(null);
  const found = views(params);
  if (!found.length) return html`<${Dialog} id="save-view" title=${t('To a board')} close=${close}><${Empty}>${t('This page shows nothing yet that a board could show.')}<//><//>`;
  return html`<${Dialog} id="save-view" title=${t('To a board')} close=${close}>
    <${Loaded} result=${list} retry=${list.retry} rows=${4}>${(boards) => html`
      <${Fields} views=${found} params=${params} boards=${boards.filter((board) => board.can_change)} done=${setSaved} />
    `}<//>
    ${saved && html`<p role="status">${t('It is on this board:')} <a href=${`/boards?${new URLSearchParams({ site, board: saved.id })}`}>${saved.name}</a></p>`}
  <//>`;
}

function Fields({ views, params, boards, done }) {
  const [chosen, setChosen] = useState(0);
  const [target, setTarget] = useState(`${boards[0]?.id ?? NEW}`);
  const [made, setMade] = useState([]);
  const [error, setError] = useState(null);
  const choices = [...boards, ...made];
  const view = views[Math.min(chosen, views.length - 1)];
  const submit = async (event) => {
    event.preventDefault();
    const { title, name } = event.target.elements;
    try {
      const board = target === NEW ? await newBoard(name.value) : choices.find(({ id }) => `${id}` === target);
      if (target === NEW) setMade([...made, board]);
      setTarget(`${board.id}`);
      await send('POST', `boards/${board.id}/items`, { title: title.value.trim(), view: savedView(view, params) });
      setError(null);
      done(board);
    } catch (refusal) {
      setError(refusal);
    }
  };
  return html`<form onSubmit=${submit}>
    <label>${t('What')}
      <select name="what" onChange=${({ target: { value } }) => setChosen(Number(value))}>
        ${views.map(({ words }, place) => html`<option key=${words} value=${place} selected=${place === chosen}>${words}</option>`)}
      </select></label>
    <label>${t('Title')}
      <input name="title" key=${view.words} defaultValue=${view.words} required maxlength="200" autocomplete="off" /></label>
    <label>${t('Board')}
      <select name="board" onChange=${({ target: { value } }) => setTarget(value)}>
        ${choices.map(({ id, name }) => html`<option key=${id} value=${id} selected=${`${id}` === target}>${name}</option>`)}
        <option value=${NEW} selected=${target === NEW}>${t('A new board')}</option>
      </select></label>
    ${target === NEW && html`<label>${t('Name of the new board')}
      <input name="name" required maxlength="200" autocomplete="off" /></label>`}
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <p class="end"><button type="submit">${t('Put it on the board')}</button></p>
  </form>`;
}

const newBoard = (name) => send('POST', 'boards', { site, name: name.trim() });

/** Parameters of an address that say nothing of what is seen: the site, and what is open. */
const NOT_KEPT = ['site', 'details', 'q', 'order', 'page', 'left', 'visit', 'table'];

/** A view as the API keeps it. @param {Savable} savable @param {URLSearchParams} params */
function savedView({ query: { report, site: _, ...asked }, drawing, columns = [] }, params) {
  const names = [...new Set(params.keys())].filter((name) => !NOT_KEPT.includes(name));
  const address = Object.fromEntries(names.map((name) => [name, params.getAll(name)]));
  const given = Object.entries(asked).filter(([, value]) => value !== null && value !== undefined);
  const texts = Object.fromEntries(given.map(([name, value]) => [name, Array.isArray(value) ? value.map(String) : `${value}`]));
  return { page: location.pathname, address, report, params: texts, drawing, columns };
}

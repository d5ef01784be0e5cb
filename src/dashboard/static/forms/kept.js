// Things that are listed, made and revoked: keys, links, invitations.

import { send } from '../api/client.js';
import { useQuestion } from '../api/question.js';
import { html, useState } from '../parts/html.js';
import { Loaded } from '../parts/states.js';
import { t } from '../text/words.js';
import { Confirm } from './confirm.js';
import { Rows } from './rows.js';

/** The things at a path, with a question before one is revoked.
 * @param {{ path: string, label: string, empty: string, row: (item: object) => object, revoke: (name: string) => string,
 *   addressOf?: (item: object) => string, list: { answer: object[] | null, retry: () => void } }} props
 *   `revoke` makes the question; a row is that of `Rows`, without tools */
export function Kept({ path, label, empty, row, revoke, list, addressOf = ({ id }) => `${path}/${id}` }) {
  const [chosen, setChosen] = useState(null);
  const close = () => setChosen(null);
  const act = () => send('DELETE', addressOf(chosen)).then(() => {
    close();
    list.retry();
  });
  const withTools = (item) => {
    const made = row(item);
    const tools = html`<button type="button" class="quiet" aria-label=${t('Revoke {name}', made)} onClick=${() => setChosen(item)}>${t('Revoke')}</button>`;
    return { key: item.id, ...made, tools };
  };
  return html`
    <${Loaded} result=${list} retry=${list.retry} rows=${2}>${(items) => html`<${Rows} ...${{ label, items, empty }} row=${withTools} />`}<//>
    ${chosen && html`<${Confirm} id="revoke" title=${t('Revoke')} no=${t('Keep it')} yes=${t('Revoke it')} ...${{ act, close }}><p>${revoke(row(chosen).name)}</p><//>`}
  `;
}

/** The list at a path. */
export const useKept = (path) => useQuestion(path, {});

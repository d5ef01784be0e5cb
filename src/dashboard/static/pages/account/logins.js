// The logins of an account: each browser and program until it logs out.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { ownMoment } from '../../text/format.js';
import { Providers } from './providers.js';

export function Logins() {
  const list = useQuestion('auth/logins', {});
  const [error, setError] = useState(null);
  const end = (path) => send('DELETE', path).then(() => setError(null), setError).then(list.retry);
  const row = ({ id, user_agent: agent, network, created_at: begun, last_used_at: used, is_current: isOwn }) => ({
    key: id,
    title: agent || 'Unknown program',
    about: [isOwn && 'this one', network, `since ${ownMoment(begun)}`, `used ${ownMoment(used)}`].filter(Boolean).join(' · '),
    tools: !isOwn && html`<button type="button" class="quiet" aria-label=${`End the login of ${agent} from ${network}`} onClick=${() => end(`auth/logins/${id}`)}>End</button>`,
  });
  const others = html`<button type="button" class="quiet" onClick=${() => end('auth/logins')}>End all others</button>`;
  return html`<${Providers} /><${Card} id="logins" title="Logins" tools=${others}>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <${Loaded} result=${list} retry=${list.retry} rows=${3}>${(items) => html`<${Rows} label="Logins" ...${{ items, row }} empty="" />`}<//>
    <p><button type="button" class="quiet" onClick=${logOut}>Log out here</button></p>
  <//>`;
}

const logOut = () => send('POST', 'auth/logout').then(() => location.assign('/login'));

// The logins of an account: each browser and program until it logs out.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { ownMoment } from '../../text/format.js';
import { t } from '../../text/words.js';
import { Providers } from './providers.js';

export function Logins() {
  const list = useQuestion('auth/logins', {});
  const [error, setError] = useState(null);
  const end = (path) => send('DELETE', path).then(() => setError(null), setError).then(list.retry);
  const row = ({ id, user_agent: agent, network, created_at: begun, last_used_at: used, is_current: isOwn }) => ({
    key: id,
    title: agent || t('Unknown program'),
    about: [isOwn && t('this one'), network, t('since {day}', { day: ownMoment(begun) }), t('used {day}', { day: ownMoment(used) })].filter(Boolean).join(' · '),
    tools: !isOwn && html`<button type="button" class="quiet" aria-label=${t('End the login of {agent} from {network}', { agent, network })} onClick=${() => end(`auth/logins/${id}`)}>${t('End')}</button>`,
  });
  const others = html`<button type="button" class="quiet" onClick=${() => end('auth/logins')}>${t('End all others')}</button>`;
  return html`<${Providers} /><${Card} id="logins" title=${t('Logins')} tools=${others}>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <${Loaded} result=${list} retry=${list.retry} rows=${3}>${(items) => html`<${Rows} label=${t('Logins')} ...${{ items, row }} empty="" />`}<//>
    <p><button type="button" class="quiet" onClick=${logOut}>${t('Log out here')}</button></p>
  <//>`;
}

const logOut = () => send('POST', 'auth/logout').then(() => location.assign('/login'));

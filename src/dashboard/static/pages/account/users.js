// All accounts, for superusers: found, turned off and on.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { follow, go, link, useAddress } from '../../state/address.js';
import { account } from '../../state/site.js';
import { ownDay } from '../../text/format.js';
import { t } from '../../text/words.js';

const SHOWN = 50;

export function Users() {
  const params = useAddress();
  const list = useQuestion('users', { q: params.get('q') ?? '', before: params.get('before'), limit: SHOWN });
  const [error, setError] = useState(null);
  const change = ({ id, is_active: isActive }) => send('PATCH', `users/${id}`, { is_active: !isActive }).then(() => setError(null), setError).then(list.retry);
  const row = (user) => ({ key: user.id, title: user.full_name || user.username, about: aboutOf(user), tools: toolsOf(user, change) });
  return html`<${Card} id="users" title=${t('All accounts')}>
    <${Search} text=${params.get('q') ?? ''} />
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <${Loaded} result=${list} retry=${list.retry} rows=${5}>${(items) => html`
      <${Rows} label=${t('Accounts')} ...${{ items, row }} empty=${t('No account has this in its name or e-mail address.')} />
      ${items.length === SHOWN && html`<p class="paging"><a class="button" href=${link({ before: items.at(-1).id })} onClick=${follow}>${t('Older')}</a></p>`}
    `}<//>
  <//>`;
}

function Search({ text }) {
  const search = (event) => {
    event.preventDefault();
    go({ q: event.target.elements.q.value || null, before: null });
  };
  return html`<form role="search" class="joint" onSubmit=${search}>
    <input type="search" name="q" aria-label=${t('Find an account')} placeholder=${t('Name or e-mail address')} defaultValue=${text} />
    <button type="submit" class="quiet">${t('Find')}</button>
  </form>`;
}

function aboutOf({ full_name: name, username, email, is_superuser: isSuper, is_active: isActive, created_at: since }) {
  return [!isActive && t('turned off'), isSuper && t('superuser'), username !== email && username, (name || username !== email) && email, t('since {day}', { day: ownDay(since) })].filter(Boolean).join(' · ');
}

function toolsOf(user, change) {
  if (user.id === account) return null;
  const words = t(user.is_active ? 'Turn off' : 'Turn on');
  return html`<button type="button" class="quiet" aria-label=${`${words} ${user.email}`} onClick=${() => change(user)}>${words}</button>`;
}

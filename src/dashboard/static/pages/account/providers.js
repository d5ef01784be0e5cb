// The providers at which an account logs in, if this service has any.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Field, Form, Select } from '../../forms/form.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { ownMoment } from '../../text/format.js';
import { t } from '../../text/words.js';

const BACK = '/account?section=logins';

export function Providers() {
  const { answer: providers = [], retry } = useQuestion('auth/identities', {});
  const [error, setError] = useState(null);
  if (!providers?.length) return null;
  const unlink = (name) => send('DELETE', `auth/identities/${name}`).then(() => setError(null), setError).then(retry);
  const row = ({ provider, title, linked_at: linked }) => ({
    key: provider,
    title,
    about: t('linked {day}', { day: ownMoment(linked) }),
    tools: html`<button type="button" class="quiet" aria-label=${t('Unlink {name}', { name: title })} onClick=${() => unlink(provider)}>${t('Unlink')}</button>`,
  });
  const linked = providers.filter((one) => one.linked_at);
  const others = providers.filter((one) => !one.linked_at);
  return html`<${Card} id="providers" title=${t('Log in elsewhere')}>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <${Rows} label=${t('Linked providers')} items=${linked} row=${row} empty=${t('Your account is linked to no provider.')} />
    ${others.length > 0 && html`<${Link} providers=${others} />`}
  <//>`;
}

function Link({ providers }) {
  const act = async ({ provider, linking_password: password }) => {
    const body = { password: password.value, next: BACK };
    const { address } = await send('POST', `auth/identities/${provider.value}`, body);
    location.assign(address);
  };
  const options = providers.map(({ provider, title }) => [provider, title]);
  return html`<${Form} act=${act} submit=${t('Link')} done="">${() => html`
    <${Select} label=${t('Provider')} name="provider" options=${options} />
    <${Field} label=${t('Password')} name="linking_password" type="password" required autocomplete="current-password"
      hint=${t('Whoever can log in at the provider can then log in here.')} />
  `}<//>`;
}

// API keys: of a site, and of an account.

import { send } from '../../api/client.js';
import { Secret } from '../../forms/copy.js';
import { daysOf, Expiry, expiryWords } from '../../forms/expiry.js';
import { Check, Field, Form } from '../../forms/form.js';
import { Kept, useKept } from '../../forms/kept.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { ownDay } from '../../text/format.js';
import { t } from '../../text/words.js';

const SCOPES = [
  ['stats:read', t('Reads reports'), ''],
  ['events:write', t('Sends events as a trusted sender'), t('It may name old times, addresses and users.')],
  ['admin', t('Does all that its account may'), t('It also reads and sends.')],
];

export const SiteKeys = ({ site }) => html`<${Keys} path=${`sites/${site.key}/keys`} site=${site.key} />`;

/** @param {{ path: string, site?: string }} props With a site, keys are good for that one only. */
export function Keys({ path, site = null }) {
  const list = useKept(path);
  const [made, setMade] = useState(null);
  const act = async (fields) => {
    const scopes = SCOPES.map(([scope]) => scope).filter((scope) => fields[scope].checked);
    const body = { name: fields.name.value, scopes, site, expires_in_days: daysOf(fields.expires_in_days) };
    setMade(await send('POST', 'keys', body));
    list.retry();
  };
  return html`<${Card} id="keys" title=${t('API keys')}>
    ${made && html`<${Secret} label=${t('Key “{name}”', made)} text=${made.secret} />`}
    <${Kept} ...${{ path, list }} row=${site ? row : withSite} label=${t('API keys')} empty=${t(site ? 'No key is limited to this site.' : 'You have no API key.')} revoke=${(name) => t('Programs with it are refused at once. Revoke {name}?', { name })} />
    <h3>${t('New key')}</h3>
    <${Form} act=${act} submit=${t('Make a key')} clears done=${t('It stands above.')}>${(problems) => html`<${Fields} problems=${problems} />`}<//>
  <//>`;
}

const withSite = (key) => row(key, key.site ?? t('all sites'));

function row({ name, prefix, scopes, username, expires_at: end, last_used_at: used, last_network: network }, site = null) {
  const use = used ? t('used {day} from {network}', { day: ownDay(used), network }) : t('never used');
  const about = [`${prefix}…`, scopes.join(', '), site, t('of {owner}', { owner: username }), expiryWords(end), use].filter(Boolean).join(' · ');
  return { name, title: name, about };
}

function Fields({ problems }) {
  const wrong = problems.filter(({ where }) => where.startsWith('scopes'));
  return html`
    <${Field} ...${{ problems }} label=${t('What it is for')} name="name" required maxlength="100" autocomplete="off" />
    <fieldset name="scopes" class="field">
      <legend>${t('What it may do')}</legend>
      ${SCOPES.map(([scope, label, hint]) => html`<${Check} key=${scope} ...${{ label, hint }} name=${scope} defaultChecked=${scope === 'stats:read'} />`)}
      ${wrong.length > 0 && html`<p class="error" role="alert">${t('Choose what it may do.')}</p>`}
    </fieldset>
    <${Expiry} problems=${problems} />
  `;
}

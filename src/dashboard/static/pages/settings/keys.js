// API keys: of a site, and of an account.

import { send } from '../../api/client.js';
import { Secret } from '../../forms/copy.js';
import { daysOf, Expiry, expiryWords } from '../../forms/expiry.js';
import { Check, Field, Form } from '../../forms/form.js';
import { Kept, useKept } from '../../forms/kept.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { ownDay } from '../../text/format.js';

const SCOPES = [
  ['stats:read', 'Reads reports', ''],
  ['events:write', 'Sends events as a trusted sender', 'It may name old times, addresses and users.'],
  ['admin', 'Does all that its account may', 'It also reads and sends.'],
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
  return html`<${Card} id="keys" title="API keys">
    ${made && html`<${Secret} label=${`Key “${made.name}”`} text=${made.secret} />`}
    <${Kept} ...${{ path, list }} row=${site ? row : withSite} label="API keys" empty=${site ? 'No key is limited to this site.' : 'You have no API key.'} revoke="Programs with it are refused at once. Revoke" />
    <h3>New key</h3>
    <${Form} act=${act} submit="Make a key" clears done="It stands above.">${(problems) => html`<${Fields} problems=${problems} />`}<//>
  <//>`;
}

const withSite = (key) => row(key, key.site ?? 'all sites');

function row({ name, prefix, scopes, username, expires_at: end, last_used_at: used, last_network: network }, site = null) {
  const use = used ? `used ${ownDay(used)} from ${network}` : 'never used';
  const about = [`${prefix}…`, scopes.join(', '), site, `of ${username}`, expiryWords(end), use].filter(Boolean).join(' · ');
  return { name, title: name, about };
}

function Fields({ problems }) {
  const wrong = problems.filter(({ where }) => where.startsWith('scopes'));
  return html`
    <${Field} ...${{ problems }} label="What it is for" name="name" required maxlength="100" autocomplete="off" />
    <fieldset name="scopes" class="field">
      <legend>What it may do</legend>
      ${SCOPES.map(([scope, label, hint]) => html`<${Check} key=${scope} ...${{ label, hint }} name=${scope} defaultChecked=${scope === 'stats:read'} />`)}
      ${wrong.length > 0 && html`<p class="error" role="alert">Choose what it may do.</p>`}
    </fieldset>
    <${Expiry} problems=${problems} />
  `;
}

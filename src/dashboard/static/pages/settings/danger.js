// To give a site away, and to delete it.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Confirm } from '../../forms/confirm.js';
import { Field, Form, Select } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { account } from '../../state/site.js';
import { t } from '../../text/words.js';
import { nameOf } from './roles.js';

export const Danger = ({ site, changed }) => html`<${Transfer} ...${{ site, changed }} /><${Delete} site=${site} />`;

function Transfer({ site, changed }) {
  const list = useQuestion(`sites/${site.key}/members`, { limit: 200 });
  return html`<${Card} id="transfer" title=${t('Transfer')}>
    <p class="muted">${t('Makes a member the owner in your place. You become an admin.')}</p>
    <${Loaded} result=${list} retry=${list.retry} rows=${2}>${(members) => html`<${Heirs} ...${{ site, changed }} heirs=${members.filter((member) => member.account !== account)} />`}<//>
  <//>`;
}

function Heirs({ site, heirs, changed }) {
  const [heir, setHeir] = useState(null);
  const close = () => setHeir(null);
  if (!heirs.length) return html`<${Empty}>${t('Nobody else is a member: invite somebody first.')}<//>`;
  const act = () => send('POST', `sites/${site.key}/transfer`, { account: heir.account }).then(close).then(changed);
  const ask = async ({ heir: { value } }) => setHeir(heirs.find((member) => `${member.account}` === value));
  return html`
    <${Form} act=${ask} submit=${t('Transfer …')} done="">${(problems) => html`
      <${Select} ...${{ problems }} label=${t('New owner')} name="heir" options=${heirs.map((member) => [`${member.account}`, nameOf(member)])} />
    `}<//>
    ${heir && html`<${Confirm} id="give" title=${t('Transfer the site')} no=${t('Keep it')} yes=${t('Transfer it')} ...${{ act, close }}>
      <p>${t('{heir} becomes the owner of {site}. Only they can give it back.', { heir: nameOf(heir), site: site.name })}</p>
    <//>`}
  `;
}

function Delete({ site }) {
  const act = async ({ confirm }) => {
    await send('DELETE', `sites/${site.key}?${new URLSearchParams({ confirm: confirm.value.trim() })}`);
    location.assign('/sites');
  };
  return html`<${Card} id="delete-site" title=${t('Delete')} className="danger">
    <p>${t('Its events, visits, goals, keys and links are gone then, for everybody. It cannot be undone.')}</p>
    <${Form} act=${act} submit=${t('Delete the site')} done="">${(problems) => html`
      <${Field} ...${{ problems }} label=${t('Type its key to confirm: {key}', site)} name="confirm" required autocomplete="off" autocapitalize="none" spellcheck=${false} />
    `}<//>
  <//>`;
}

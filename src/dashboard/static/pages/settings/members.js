// Who is a member of a site, in which role; invitations.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Confirm } from '../../forms/confirm.js';
import { Secret } from '../../forms/copy.js';
import { Field, Form, Select } from '../../forms/form.js';
import { Kept, useKept } from '../../forms/kept.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useReducer, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { account } from '../../state/site.js';
import { ownDay } from '../../text/format.js';
import { t } from '../../text/words.js';
import { contains, givenBy, nameOf, roleWords } from './roles.js';

const MOST = 200;

export function Members({ site }) {
  const list = useQuestion(`sites/${site.key}/members`, { limit: MOST });
  return html`
    <${Card} id="members" title=${t('Members')}>
      <${Loaded} result=${list} retry=${list.retry} rows=${3}>${(members) => html`<${List} ...${{ site, members }} changed=${list.retry} />`}<//>
    <//>
    ${contains(site.role, 'admin') && html`<${Invitations} site=${site} />`}
  `;
}

function List({ site, members, changed }) {
  const [leaving, setLeaving] = useState(null);
  const [error, setError] = useState(null);
  const [tries, tried] = useReducer((count) => count + 1, 0);
  const roles = givenBy(site.role);
  const change = (member) => ({ target }) => send('PUT', `sites/${site.key}/members/${member.account}`, { role: target.value })
    .then(() => setError(null), setError)
    .then(tried) // a choice that was refused is not the role
    .then(changed);
  const row = (member) => {
    const isOwn = member.account === account;
    const mayChange = roles.some(([role]) => role === member.role);
    const name = nameOf(member);
    const about = [isOwn && t('you'), member.email !== name && member.email, t('since {day}', { day: ownDay(member.since) })].filter(Boolean).join(' · ');
    const role = mayChange
      ? html`<select aria-label=${t('Role of {name}', { name })} onChange=${change(member)}>${roles.map(([key]) => html`<option key=${key} value=${key} selected=${key === member.role}>${roleWords(key)}</option>`)}</select>`
      : html`<span>${roleWords(member.role)}</span>`;
    const remove = (isOwn || mayChange) && html`<button type="button" class="quiet" aria-label=${isOwn ? t('Leave') : t('Remove {what}', { what: name })} onClick=${() => setLeaving(member)}>${t(isOwn ? 'Leave' : 'Remove')}</button>`;
    return { key: `${member.account} ${tries}`, title: name, about, tools: html`${role}${remove}` };
  };
  return html`
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <${Rows} label=${t('Members')} items=${members} empty=${t('The site has no members: superusers read it.')} row=${row} />
    ${leaving && html`<${Leave} ...${{ site, changed }} member=${leaving} close=${() => setLeaving(null)} />`}
  `;
}

function Leave({ site, member, changed, close }) {
  const isOwn = member.account === account;
  const after = () => (isOwn ? location.assign('/sites') : (close(), changed()));
  const act = () => send('DELETE', `sites/${site.key}/members/${member.account}`).then(after);
  const words = isOwn ? [t('Leave the site'), t('Stay'), t('Leave')] : [t('Remove a member'), t('Keep it'), t('Remove')];
  return html`<${Confirm} id="leave" title=${words[0]} no=${words[1]} yes=${words[2]} ...${{ act, close }}>
    <p>${isOwn ? t('You are no member of {name} any more then.', site) : t('{member} is no member of {site} any more then. API keys for this site that they made are good for nothing.', { member: nameOf(member), site: site.name })}</p>
  <//>`;
}

function Invitations({ site }) {
  const path = `sites/${site.key}/invitations`;
  const list = useKept(path);
  const [made, setMade] = useState(null);
  const act = async ({ role, email, days }) => {
    const body = { role: role.value, email: email.value || null, days: Number(days.value) };
    setMade(await send('POST', path, body));
    list.retry();
  };
  const row = ({ role, email, expires_at: end }) => ({ name: t('the invitation of {whom} as {role}', { whom: email || t('anybody'), role: roleWords(role) }), title: email || t('Whoever has the link'), about: `${roleWords(role)} · ${t('until {day}', { day: ownDay(end) })}` });
  return html`<${Card} id="invitations" title=${t('Invitations')}>
    ${made && html`<${Secret} label=${t('Link of the invitation')} text=${made.url} />`}
    <${Kept} ...${{ path, list, row }} label=${t('Invitations')} empty=${t('No invitation waits to be accepted.')} revoke=${(name) => t('Revoke {name}?', { name })} />
    <h3>${t('Invite somebody')}</h3>
    <${Form} act=${act} submit=${t('Make a link')} clears done=${t('It stands above: give it to whom you invite.')}>${(problems) => html`
      <${Select} ...${{ problems }} label=${t('Role')} name="role" options=${givenBy(site.role)} value="viewer" />
      <${Field} ...${{ problems }} label=${t('E-mail address')} name="email" type="email" autocomplete="off" placeholder=${t('Any')} hint=${t('Only the account with this address may accept it.')} />
      <${Field} ...${{ problems }} label=${t('Good for days')} name="days" type="number" min="1" max="30" defaultValue="7" required />
    `}<//>
  <//>`;
}

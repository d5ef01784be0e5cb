// Share links that are listed, made and revoked: of a site, a board, or one of its views.

import { send } from '../api/client.js';
import { html, useState } from '../parts/html.js';
import { t } from '../text/words.js';
import { Copy, Secret } from './copy.js';
import { daysOf, Expiry, expiryWords } from './expiry.js';
import { Field, Form, linesOf } from './form.js';
import { Kept } from './kept.js';

/** The links of a list, and a form for another one.
 * @param {{ path: string, list: { answer: object[] | null, retry: () => void }, target?: object, title: string,
 *   empty: string, revoke: (name: string) => string }} props `target` is what the link shows, as the
 *   API takes it, if not all of the site; `title` that of a frame in which it is embedded */
export function ShareLinks({ path, list, target = {}, title, ...words }) {
  const [made, setMade] = useState(null);
  const act = async ({ name, password, origins, expires_in_days: expiry }) => {
    const body = { ...target, name: name.value, password: password.value || null, origins: linesOf(origins.value), expires_in_days: daysOf(expiry) };
    setMade(await send('POST', path, body));
    list.retry();
  };
  return html`
    ${made && html`<${Made} link=${made} title=${title} />`}
    <${Kept} ...${{ path, list, row, ...words }} label=${t('Share links')} />
    <h3>${t('New link')}</h3>
    <${Form} act=${act} submit=${t('Make a link')} clears done=${t('It stands above.')}>${(problems) => html`
      <${Field} ...${{ problems }} label=${t('Who it is for')} name="name" required maxlength="100" autocomplete="off" />
      <${Field} ...${{ problems }} label=${t('Password')} name="password" type="password" autocomplete="new-password" placeholder=${t('None')} hint=${t('What has to be given to open it.')} />
      <${Expiry} problems=${problems} />
      <${Field} ...${{ problems }} as="textarea" rows="2" label=${t('Pages that may embed it, one a line')} name="origins" spellcheck=${false} placeholder=${t('None')} hint=${t('Origins such as https://www.shop.example')} />
    `}<//>
  `;
}

function Made({ link: { name, url, board, origins }, title }) {
  const frame = `<iframe src="${url}" title="${title}" width="100%" height="900"></iframe>`;
  const live = `<iframe src="${url.replace('#', '?live#')}" title="${t('Live')}" width="320" height="280"></iframe>`;
  return html`<${Secret} label=${t('Link “{name}”', { name })} text=${url} />
    ${origins.length > 0 && html`<${Copy} label=${t('To embed it')} isLong text=${frame} />`}
    ${origins.length > 0 && !board && html`<${Copy} label=${t('To embed the live numbers')} isLong text=${live} />`}`;
}

function row({ name, board, item, has_password: isLocked, origins, expires_at: end }) {
  const about = [
    board && t(item ? 'one view of a board' : 'a board'),
    t(isLocked ? 'with a password' : 'without a password'),
    expiryWords(end),
    origins.length && t('embedded by {origins}', { origins: origins.join(', ') }),
  ];
  return { name, title: name, about: about.filter(Boolean).join(' · ') };
}

// Share links: whoever has one reads the overview of the site.

import { send } from '../../api/client.js';
import { Copy, Secret } from '../../forms/copy.js';
import { daysOf, Expiry, expiryWords } from '../../forms/expiry.js';
import { Field, Form, linesOf } from '../../forms/form.js';
import { Kept, useKept } from '../../forms/kept.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';

export function Shares({ site }) {
  const path = `sites/${site.key}/shares`;
  const list = useKept(path);
  const [made, setMade] = useState(null);
  const act = async ({ name, password, origins, expires_in_days: expiry }) => {
    const body = { name: name.value, password: password.value || null, origins: linesOf(origins.value), expires_in_days: daysOf(expiry) };
    setMade(await send('POST', path, body));
    list.retry();
  };
  return html`<${Card} id="shares" title="Share links">
    <p class="muted">Whoever has a link reads the overview without an account, and nobody one by one.</p>
    ${made && html`<${Made} link=${made} />`}
    <${Kept} ...${{ path, list, row }} label="Share links" empty="No link shares this site." revoke="Whoever has it reads nothing any more. Revoke" />
    <h3>New link</h3>
    <${Form} act=${act} submit="Make a link" clears done="It stands above.">${(problems) => html`
      <${Field} ...${{ problems }} label="Who it is for" name="name" required maxlength="100" autocomplete="off" />
      <${Field} ...${{ problems }} label="Password" name="password" type="password" autocomplete="new-password" placeholder="None" hint="What has to be given to open it." />
      <${Expiry} problems=${problems} />
      <${Field} ...${{ problems }} as="textarea" rows="2" label="Pages that may embed it, one a line" name="origins" spellcheck=${false} placeholder="None" hint="Origins such as https://www.shop.example" />
    `}<//>
  <//>`;
}

function Made({ link: { name, url, origins } }) {
  return html`<${Secret} label=${`Link “${name}”`} text=${url} />
    ${origins.length > 0 && html`<${Copy} label="To embed it" isLong text=${`<iframe src="${url}" title="Visitors" width="100%" height="900"></iframe>`} />`}`;
}

function row({ name, board, item, has_password: isLocked, origins, expires_at: end }) {
  const about = [board && (item ? 'one view of a board' : 'a board'), isLocked ? 'with a password' : 'without a password', expiryWords(end), origins.length && `embedded by ${origins.join(', ')}`];
  return { name, title: name, about: about.filter(Boolean).join(' · ') };
}

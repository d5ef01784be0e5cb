// Share links to a board, or to one of its views: whoever has one sees that, and nothing else.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Copy, Secret } from '../../forms/copy.js';
import { daysOf, Expiry, expiryWords } from '../../forms/expiry.js';
import { Field, Form, linesOf } from '../../forms/form.js';
import { Kept } from '../../forms/kept.js';
import { Dialog } from '../../parts/dialog.js';
import { html, useState } from '../../parts/html.js';
import { site } from '../../state/site.js';

/** @param {{ board: object, item?: object, close: () => void }} props Without an item all of the board is shared. */
export function ShareDialog({ board, item, close }) {
  const path = `sites/${encodeURIComponent(site)}/shares`;
  const all = useQuestion(path, {});
  const [made, setMade] = useState(null);
  const isOfThis = (link) => link.board === board.id && link.item === (item?.id ?? null);
  const list = { ...all, answer: all.answer?.filter(isOfThis) ?? null };
  const act = async ({ name, password, origins, expires_in_days: expiry }) => {
    const target = { board: board.id, item: item?.id ?? null };
    const body = { ...target, name: name.value, password: password.value || null, origins: linesOf(origins.value), expires_in_days: daysOf(expiry) };
    setMade(await send('POST', path, body));
    all.retry();
  };
  return html`<${Dialog} id="share" title=${`Share “${item?.title ?? board.name}”`} close=${close}>
    <p class="muted">Whoever has a link sees ${item ? 'this view' : 'this board'} as it then is, without an account, and nothing else.</p>
    ${made && html`<${Made} link=${made} />`}
    <${Kept} ...${{ path, list, row }} label="Share links" empty="No link shares it." revoke="Whoever has it sees nothing any more. Revoke" />
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
    ${origins.length > 0 && html`<${Copy} label="To embed it" isLong text=${`<iframe src="${url}" title="Numbers" width="100%" height="900"></iframe>`} />`}`;
}

function row({ name, has_password: isLocked, origins, expires_at: end }) {
  const about = [isLocked ? 'with a password' : 'without a password', expiryWords(end), origins.length && `embedded by ${origins.join(', ')}`];
  return { name, title: name, about: about.filter(Boolean).join(' · ') };
}

// The boards that somebody sees, and a form for a new one.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Check, Field, Form } from '../../forms/form.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { follow, go, link } from '../../state/address.js';
import { name, site } from '../../state/site.js';
import { ownDay, plural } from '../../text/format.js';

export function Boards() {
  const list = useQuestion('boards', { site });
  return html`<div class="boards">
    <div class="title"><h1>Boards</h1><p class="muted">Views of ${name} and notes, in your order.</p></div>
    <${Card} id="boards" title="Yours and shared ones" busy=${list.loading}>
      <${Loaded} result=${list} retry=${list.retry} rows=${3}>${(boards) => html`
        <${Rows} label="Boards" items=${boards} row=${row} empty="No board yet. Make one here, then put views on it with “To a board” on the other pages." />
      `}<//>
    <//>
    <${Card} id="new-board" title="New board"><${New} /><//>
  </div>`;
}

function row({ id, name: words, shared, is_mine: isMine, owner, size, changed_at: changed }) {
  const whose = isMine ? 'yours' : `of ${owner ?? 'an account that was deleted'}`;
  const about = [plural(size, 'item'), shared ? `${whose}, shared with members` : `${whose} alone`, `changed ${ownDay(changed)}`];
  return {
    key: id,
    title: html`<a href=${link({ board: `${id}` })} onClick=${follow}>${words}</a>`,
    about: about.join(' · '),
  };
}

function New() {
  const act = async ({ name: words, shared }) => {
    const made = await send('POST', 'boards', { site, name: words.value.trim(), shared: shared.checked });
    go({ board: `${made.id}` });
  };
  return html`<${Form} act=${act} submit="Make the board">${(problems) => html`
    <${Field} ...${{ problems }} label="Name" name="name" required maxlength="200" autocomplete="off" />
    <${Check} label="Members of the site see it" name="shared" hint="Otherwise you alone do." />
  `}<//>`;
}

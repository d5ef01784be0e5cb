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
import { t } from '../../text/words.js';

export function Boards() {
  const list = useQuestion('boards', { site });
  return html`<div class="boards">
    <div class="title"><h1>${t('Boards')}</h1><p class="muted">${t('Views of {name} and notes, in your order.', { name })}</p></div>
    <${Card} id="boards" title=${t('Yours and shared ones')} busy=${list.loading}>
      <${Loaded} result=${list} retry=${list.retry} rows=${3}>${(boards) => html`
        <${Rows} label=${t('Boards')} items=${boards} row=${row} empty=${t('No board yet. Make one here, then put views on it with “To a board” on the other pages.')} />
      `}<//>
    <//>
    <${Card} id="new-board" title=${t('New board')}><${New} /><//>
  </div>`;
}

function row({ id, name: words, shared, is_mine: isMine, owner, size, changed_at: changed }) {
  const whose = isMine ? t('yours') : t('of {owner}', { owner: owner ?? t('an account that was deleted') });
  const about = [plural(size, 'item'), whose, t(shared ? 'shared with members' : 'seen by nobody else'), t('changed {day}', { day: ownDay(changed) })];
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
  return html`<${Form} act=${act} submit=${t('Make the board')}>${(problems) => html`
    <${Field} ...${{ problems }} label=${t('Name')} name="name" required maxlength="200" autocomplete="off" />
    <${Check} label=${t('Members of the site see it')} name="shared" hint=${t('Otherwise you alone do.')} />
  `}<//>`;
}

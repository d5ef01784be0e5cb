// The dialogs of a board: a note, an item, its name and members, share links, and what ends it.

import { send } from '../../api/client.js';
import { Confirm } from '../../forms/confirm.js';
import { Check, Field, Form } from '../../forms/form.js';
import { Dialog } from '../../parts/dialog.js';
import { html } from '../../parts/html.js';
import { go } from '../../state/address.js';
import { t } from '../../text/words.js';
import { ShareDialog } from './share.js';

/** @param {{ open: string | object, board: object, reload: () => void, close: () => void }} props */
export function Dialogs({ open, board, reload, close }) {
  const path = `boards/${board.id}`;
  const saved = () => {
    close();
    reload();
  };
  if (open === 'note') return html`<${Note} ...${{ path, saved, close }} />`;
  if (open === 'settings') return html`<${Settings} ...${{ path, board, saved, close }} />`;
  if (open === 'delete') return html`<${Delete} ...${{ path, board, close }} />`;
  if (open === 'share' || open.share) return html`<${ShareDialog} ...${{ board, close }} item=${open.share} />`;
  if (open.edit) return html`<${Edit} ...${{ path, saved, close }} item=${open.edit} />`;
  return html`<${Remove} ...${{ path, saved, close }} item=${open.remove} />`;
}

const titleField = (problems, title = '') =>
  html`<${Field} ...${{ problems }} label=${t('Title')} name="title" defaultValue=${title} required maxlength="200" autocomplete="off" />`;

const noteField = (problems, note = '') =>
  html`<${Field} ...${{ problems }} label=${t('Text')} name="note" as="textarea" rows="8" defaultValue=${note} required maxlength="5000" />`;

function Note({ path, saved, close }) {
  const act = ({ title, note }) => send('POST', `${path}/items`, { title: title.value.trim(), note: note.value }).then(saved);
  return html`<${Dialog} id="note" title=${t('New note')} close=${close}>
    <${Form} act=${act} submit=${t('Put it on the board')}>${(problems) => html`${titleField(problems)}${noteField(problems)}`}<//>
  <//>`;
}

function Edit({ path, item, saved, close }) {
  const isNote = item.note !== null;
  const act = ({ title, note }) => {
    const body = { title: title.value.trim(), ...(isNote && { note: note.value }) };
    return send('PATCH', `${path}/items/${item.id}`, body).then(saved);
  };
  return html`<${Dialog} id="edit" title=${t(isNote ? 'Edit the note' : 'Edit the title')} close=${close}>
    <${Form} act=${act} submit=${t('Save')}>${(problems) => html`
      ${titleField(problems, item.title)}${isNote && noteField(problems, item.note)}
    `}<//>
  <//>`;
}

function Settings({ path, board, saved, close }) {
  const act = ({ name, shared }) => send('PATCH', path, { name: name.value.trim(), shared: shared.checked }).then(saved);
  return html`<${Dialog} id="board-settings" title=${t('Name and members')} close=${close}>
    <${Form} act=${act} submit=${t('Save')}>${(problems) => html`
      <${Field} ...${{ problems }} label=${t('Name')} name="name" defaultValue=${board.name} required maxlength="200" autocomplete="off" />
      <${Check} label=${t('Members of the site see it')} name="shared" defaultChecked=${board.shared} hint=${t('They cannot change it; admins of the site can.')} />
    `}<//>
  <//>`;
}

function Delete({ path, board, close }) {
  const act = () => send('DELETE', path).then(() => go({ board: null }));
  return html`<${Confirm} id="delete-board" title=${t('Delete the board')} no=${t('Keep it')} yes=${t('Delete it')} ...${{ act, close }}>
    <p>${t('Delete “{name}” with all that is on it? Share links to it end.', board)}</p>
  <//>`;
}

function Remove({ path, item, saved, close }) {
  const act = () => send('DELETE', `${path}/items/${item.id}`).then(saved);
  return html`<${Confirm} id="remove-item" title=${t('Remove from the board')} no=${t('Keep it')} yes=${t('Remove it')} ...${{ act, close }}>
    <p>${t('Remove “{title}”?', item)}</p>
  <//>`;
}

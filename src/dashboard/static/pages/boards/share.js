// Share links to a board, or to one of its views: whoever has one sees that, and nothing else.

import { useKept } from '../../forms/kept.js';
import { ShareLinks } from '../../forms/share_link.js';
import { Dialog } from '../../parts/dialog.js';
import { html } from '../../parts/html.js';
import { site } from '../../state/site.js';
import { t } from '../../text/words.js';

const revoke = (name) => t('Whoever has it sees nothing any more. Revoke {name}?', { name });

/** @param {{ board: object, item?: object, close: () => void }} props Without an item all of the board is shared. */
export function ShareDialog({ board, item, close }) {
  const path = `sites/${encodeURIComponent(site)}/shares`;
  const all = useKept(path);
  const target = { board: board.id, item: item?.id ?? null };
  const isOfThis = (link) => link.board === target.board && link.item === target.item;
  const list = { ...all, answer: all.answer?.filter(isOfThis) ?? null };
  const about = item
    ? t('Whoever has a link sees this view as it then is, without an account, and nothing else.')
    : t('Whoever has a link sees this board as it then is, without an account, and nothing else.');
  return html`<${Dialog} id="share" title=${t('Share “{name}”', { name: item?.title ?? board.name })} close=${close}>
    <p class="muted">${about}</p>
    <${ShareLinks} ...${{ path, list, target, revoke }} title=${t('Numbers')} empty=${t('No link shares it.')} />
  <//>`;
}

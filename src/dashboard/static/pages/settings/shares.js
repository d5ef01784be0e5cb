// Share links: whoever has one reads the overview of the site.

import { useKept } from '../../forms/kept.js';
import { ShareLinks } from '../../forms/share_link.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { t } from '../../text/words.js';

const revoke = (name) => t('Whoever has it reads nothing any more. Revoke {name}?', { name });

export function Shares({ site }) {
  const path = `sites/${site.key}/shares`;
  const list = useKept(path);
  return html`<${Card} id="shares" title=${t('Share links')}>
    <p class="muted">${t('Whoever has a link reads the overview without an account, and nobody one by one.')}</p>
    <${ShareLinks} ...${{ path, list, revoke }} title=${t('Visitors')} empty=${t('No link shares this site.')} />
  <//>`;
}

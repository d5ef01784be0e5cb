// What stands in the place of the chart of a range without visits.

import { html } from '../../parts/html.js';
import { follow, link } from '../../state/address.js';
import { address, isKnown, site } from '../../state/site.js';
import { t } from '../../text/words.js';

export function Welcome({ view }) {
  const snippet = `<script defer src="${address}/script.js" data-site="${site}"></script>`;
  const all = link({ period: 'all', from: null, to: null, interval: null });
  return html`<div class="welcome">
    <p>${t('No visits in this range. To count them, put this into the pages of the site:')}</p>
    <pre id="tracker" tabindex="0">${snippet}</pre>
    ${isKnown && html`<p><a href=${`/settings?${new URLSearchParams({ site, section: 'tracking' })}`}>${t('See what arrives')}</a></p>`}
    ${view.range.period !== 'all' && html`<p><a href=${all} onClick=${follow}>${t('Look at all time')}</a></p>`}
  </div>`;
}

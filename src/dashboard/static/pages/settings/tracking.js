// How events get to a site: the snippet, whether any arrive, and from whom they are taken.

import { send } from '../../api/client.js';
import { Copy } from '../../forms/copy.js';
import { Check, Field, Form, linesOf } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { address } from '../../state/site.js';
import { t } from '../../text/words.js';
import { Arrivals } from './arrivals.js';
import { contains } from './roles.js';

/** Rules by which different addresses are one page: their keys, and what they do. */
const RULES = [
  ['slash', t('/about/ is the page /about')],
  ['index', t('/docs/index.html is the page /docs/')],
  ['session', t('/cart;jsessionid=1F is the page /cart')],
];

export function Tracking({ site, changed }) {
  const snippet = `<script defer src="${address}/script.js" data-site="${site.key}"></script>`;
  return html`
    <${Card} id="snippet" title=${t('Snippet')}>
      <${Copy} label=${t('For the head of every page')} text=${snippet} isLong>
        ${t('It sets no cookie. Servers and apps send their events to the HTTP API.')}
      <//>
    <//>
    <${Arrivals} site=${site} />
    ${contains(site.role, 'admin') && html`<${Senders} ...${{ site, changed }} /><${Addresses} ...${{ site, changed }} />`}
  `;
}

function Senders({ site, changed }) {
  const act = ({ hostnames, ingest_key_required: keys }) =>
    send('PATCH', `sites/${site.key}`, { hostnames: linesOf(hostnames.value), ingest_key_required: keys.checked }).then(changed);
  return html`<${Card} id="senders" title=${t('From whom it takes events')}>
    <${Form} act=${act} submit=${t('Save')}>${(problems) => html`
      <${Field} ...${{ problems }} as="textarea" rows="4" label=${t('Hosts, one a line')} name="hostnames" spellcheck=${false} placeholder=${t('All hosts')}
        defaultValue=${site.hostnames.join('\n')} hint=${t('Events of other hosts are rejected. *.shop.example is every host below shop.example.')} />
      <${Check} label=${t('Only with an API key')} name="ingest_key_required" defaultChecked=${site.ingest_key_required}
        hint=${t('For sites whose events come from servers. The snippet has no key: its events are rejected then.')} />
    `}<//>
  <//>`;
}

function Addresses({ site, changed }) {
  const act = (fields) => {
    const rules = RULES.map(([key]) => key).filter((key) => fields.namedItem(key).checked);
    return send('PATCH', `sites/${site.key}`, { page_rules: rules }).then(changed);
  };
  return html`<${Card} id="addresses" title=${t('Addresses that are one page')}>
    <${Form} act=${act} submit=${t('Save')}>${() => html`
      ${RULES.map(([key, words]) => html`<${Check} key=${key} label=${words} name=${key} defaultChecked=${site.page_rules.includes(key)} />`)}
      <p class="muted">${t('This holds for events from now on. Stored ones keep their page.')}</p>
    `}<//>
  <//>`;
}

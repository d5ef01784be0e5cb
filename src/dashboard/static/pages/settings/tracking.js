// How events get to a site: the snippet, whether any arrive, and from whom they are taken.

import { send } from '../../api/client.js';
import { Copy } from '../../forms/copy.js';
import { Check, Field, Form, linesOf } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { address } from '../../state/site.js';
import { Arrivals } from './arrivals.js';
import { contains } from './roles.js';

export function Tracking({ site, changed }) {
  const snippet = `<script defer src="${address}/script.js" data-site="${site.key}"></script>`;
  return html`
    <${Card} id="snippet" title="Snippet">
      <${Copy} label="For the head of every page" text=${snippet} isLong>
        It sets no cookie. Servers and apps send their events to the HTTP API.
      <//>
    <//>
    <${Arrivals} site=${site} />
    ${contains(site.role, 'admin') && html`<${Senders} ...${{ site, changed }} />`}
  `;
}

function Senders({ site, changed }) {
  const act = ({ hostnames, ingest_key_required: keys }) =>
    send('PATCH', `sites/${site.key}`, { hostnames: linesOf(hostnames.value), ingest_key_required: keys.checked }).then(changed);
  return html`<${Card} id="senders" title="From whom it takes events">
    <${Form} act=${act} submit="Save">${(problems) => html`
      <${Field} ...${{ problems }} as="textarea" rows="4" label="Hosts, one a line" name="hostnames" spellcheck=${false} placeholder="All hosts"
        defaultValue=${site.hostnames.join('\n')} hint="Events of other hosts are rejected. *.shop.example is every host below shop.example." />
      <${Check} label="Only with an API key" name="ingest_key_required" defaultChecked=${site.ingest_key_required}
        hint="For sites whose events come from servers. The snippet has no key: its events are rejected then." />
    `}<//>
  <//>`;
}

// Reports by e-mail: who gets the numbers of the site, each week or month.

import { send } from '../../api/client.js';
import { Field, Form, Select } from '../../forms/form.js';
import { Kept, useKept } from '../../forms/kept.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { ownDay } from '../../text/format.js';

const TIMES = [['week', 'Each week'], ['month', 'Each month']];

export function EmailReports({ site }) {
  const path = `sites/${site.key}/email-reports`;
  const list = useKept(path);
  const act = async ({ address, every }) => {
    await send('POST', path, { address: address.value, every: every.value });
    list.retry();
  };
  return html`<${Card} id="email-reports" title="E-mail reports">
    <p class="muted">The numbers of the week or month before, on Monday or the first day at six o’clock in ${site.timezone}. Each has a link that ends it.</p>
    <${Kept} ...${{ path, list, row }} label="E-mail reports" empty="Nobody gets reports by e-mail." revoke="No more reports are sent. Revoke that of" />
    <h3>New report</h3>
    <${Form} act=${act} submit="Send reports" clears done="The next one is sent when the week or month is over.">${(problems) => html`
      <${Field} ...${{ problems }} label="E-mail address" name="address" type="email" required maxlength="254" autocomplete="off" hint="Of a member of the site." />
      <${Select} ...${{ problems }} label="How often" name="every" options=${TIMES} value="week" />
    `}<//>
  <//>`;
}

function row({ address, every, delivered_at: sent, unsubscribed_at: ended }) {
  const last = ended ? `unsubscribed ${ownDay(ended)}` : sent ? `last sent ${ownDay(sent)}` : 'not sent yet';
  return { name: address, title: address, about: `each ${every} · ${last}` };
}

// Reports by e-mail: who gets the numbers of the site, each week or month.

import { send } from '../../api/client.js';
import { Field, Form, Select } from '../../forms/form.js';
import { Kept, useKept } from '../../forms/kept.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { ownDay } from '../../text/format.js';
import { t } from '../../text/words.js';

const TIMES = [['week', t('Each week')], ['month', t('Each month')]];

export function EmailReports({ site }) {
  const path = `sites/${site.key}/email-reports`;
  const list = useKept(path);
  const act = async ({ address, every }) => {
    await send('POST', path, { address: address.value, every: every.value });
    list.retry();
  };
  return html`<${Card} id="email-reports" title=${t('E-mail reports')}>
    <p class="muted">${t('The numbers of the week or month before, on Monday or the first day at six o’clock in {zone}. Each has a link that ends it.', { zone: site.timezone })}</p>
    <${Kept} ...${{ path, list, row }} label=${t('E-mail reports')} empty=${t('Nobody gets reports by e-mail.')} revoke=${(name) => t('No more reports are sent. Revoke that of {name}?', { name })} />
    <h3>${t('New report')}</h3>
    <${Form} act=${act} submit=${t('Send reports')} clears done=${t('The next one is sent when the week or month is over.')}>${(problems) => html`
      <${Field} ...${{ problems }} label=${t('E-mail address')} name="address" type="email" required maxlength="254" autocomplete="off" hint=${t('Of a member of the site.')} />
      <${Select} ...${{ problems }} label=${t('How often')} name="every" options=${TIMES} value="week" />
    `}<//>
  <//>`;
}

function row({ address, every, delivered_at: sent, unsubscribed_at: ended }) {
  const last = ended ? t('unsubscribed {day}', { day: ownDay(ended) }) : sent ? t('last sent {day}', { day: ownDay(sent) }) : t('not sent yet');
  return { name: address, title: address, about: `${t(every === 'week' ? 'each week' : 'each month')} · ${last}` };
}

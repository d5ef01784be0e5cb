// What looks like an attack: how often in the last days, and from where.

import { useQuestion } from '../../api/question.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { follow, link } from '../../state/address.js';
import { count, ownMoment } from '../../text/format.js';
import { t } from '../../text/words.js';
import { wordsOf } from './words.js';

const DAYS = 7;
const NAMED = 3; // networks of each kind

const COLUMNS = [
  { key: 'action', words: t('What'), cell: (row) => html`<${What} ...${row} />` },
  { key: 'events', words: t('How often'), number: true, cell: ({ events }) => count(events) },
  { key: 'accounts', words: t('Accounts'), number: true, cell: ({ accounts }) => count(accounts) },
  { key: 'networks', words: t('Networks'), number: true, cell: ({ from_networks: networks }) => count(networks) },
  { key: 'last', words: t('Last'), number: true, cell: ({ last_at: last }) => ownMoment(last) },
];

export function Security() {
  const result = useQuestion('audit/security', { days: DAYS });
  return html`<${Card} id="security" title=${t('Security events of {n} days', { n: DAYS })}>
    <${Loaded} result=${result} retry=${result.retry} rows=${3}>${(rows) => (rows.length
      ? html`<div class="scroll" tabindex="0" role="group" aria-label=${t('Security events')}><${Table} caption=${t('Security events')} columns=${COLUMNS} rows=${rows} /></div>`
      : html`<${Empty}>${t('Nothing that looks like an attack.')}<//>`)}<//>
  <//>`;
}

/** A kind of event, and the networks that most of them came from. */
function What({ action, networks }) {
  const only = (changes) => link({ kind: null, account: null, site: null, network: null, before: null, ...changes, action });
  return html`<div class="what">
    <a class="words" href=${only({})} onClick=${follow}>${wordsOf(action)}</a>
    <span class="muted">${networks.slice(0, NAMED).map(({ network, events }) => html`<a key=${network} href=${only({ network })} onClick=${follow}>${network} (${count(events)})</a> `)}</span>
  </div>`;
}

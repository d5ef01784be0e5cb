// Entries of an audit log: filtered, page by page, as CSV.

import { address } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Card } from '../../parts/card.js';
import { html, useRef } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { follow, link, useAddress } from '../../state/address.js';
import { addDays, isDay } from '../../state/days.js';
import { CLOCK, count, dates, DAY } from '../../text/format.js';
import { t } from '../../text/words.js';
import { Filters } from './filters.js';
import { wordsOf } from './words.js';

const SHOWN = 50;
const MOST = 1000; // that one answer has

const moment = dates(undefined, { ...DAY, year: 'numeric', ...CLOCK, second: '2-digit' });

/** The first instant of a day of the reader; null for what is no day. */
const startOf = (day) => (isDay(day) ? new Date(`${day}T00:00`).toISOString() : null);

/** What the address asks for. @param {URLSearchParams} params @param {string[]} names fields of the API */
function askedOf(params, names) {
  const until = params.get('until');
  return {
    ...Object.fromEntries(names.map((name) => [name, params.get(name)])),
    since: startOf(params.get('since')),
    until: isDay(until) ? startOf(addDays(until, 1)) : null,
  };
}

/** @param {{ path: string, title: string, fields?: [string, string][], actions?: string[],
 *   live?: Function }} props What can be typed to filter by, as names in the API and words; the actions to
 *   choose from; what draws the state of the connection, where new entries are told. */
export function Entries({ path, title, fields = [], actions = [], live: Live }) {
  const params = useAddress();
  const asked = askedOf(params, ['kind', ...(actions.length ? ['action'] : []), ...fields.map(([name]) => name)]);
  const list = useQuestion(path, { ...asked, before: params.get('before'), limit: SHOWN });
  const csv = address(path, { ...asked, limit: MOST, format: 'csv' });
  const tools = html`<p class="links">${Live && html`<${Live} changed=${list.retry} />`}
    <a href=${csv} download title=${t('The latest {n} of these', { n: count(MOST) })}>CSV</a></p>`;
  return html`<${Card} id="entries" title=${title} tools=${tools}>
    <${Filters} ...${{ params, fields, actions }} />
    <${Loaded} result=${list} retry=${list.retry} rows=${8}>${(answer) => html`<${List} key=${JSON.stringify(asked)} ...${{ answer, params }} names=${fields.map(([name]) => name)} />`}<//>
  <//>`;
}

function List({ answer: { rows, page }, params, names }) {
  const known = useRef(rows[0]?.id ?? 0); // what is later came while somebody watched
  const isOlder = params.has('before');
  if (!rows.length) return html`<${Empty}>${t(isOlder ? 'No older ones.' : 'No entry.')}<//>`;
  const isNew = ({ id }) => !isOlder && id > known.current;
  return html`
    <ul class="rows entries" aria-label=${t('Log entries')}>${rows.map((entry) => html`<${Entry} key=${entry.id} ...${{ entry, names }} isNew=${isNew(entry)} />`)}</ul>
    ${(isOlder || page.next) && html`<p class="paging">
      ${isOlder && html`<a class="button" href=${link({ before: null })} onClick=${follow}>${t('Latest')}</a>`}
      ${page.next && html`<a class="button" href=${link({ before: page.next })} onClick=${follow}>${t('Older')}</a>`}
    </p>`}
  `;
}

const ONLY = { account: t('Only this account'), site: t('Only this site'), network: t('Only this network') };

function Entry({ entry: { at, action, detail, actor, site, network }, names, isNew }) {
  const about = Object.entries(detail).map(([key, value]) => `${key}: ${typeof value === 'object' ? JSON.stringify(value) : value}`);
  const of = [['account', actor], ['site', site], ['network', network]].filter(([, value]) => value);
  return html`<li class=${isNew ? 'new' : null}>
    <time class="muted" datetime=${at}>${moment(at)}</time>
    <div class="what"><span class="words">${wordsOf(action)}</span><span class="muted">${about.join(' · ')}</span></div>
    <p class="of muted">${of.map(([name, value]) => html`<${Of} key=${name} ...${{ name, value }} isLink=${names.includes(name)} />`)}</p>
  </li>`;
}

/** An account, site or network of an entry; a link to all of its entries where they can be asked for. */
function Of({ name, value, isLink }) {
  if (!isLink) return html`<span>${value}</span>`;
  return html`<a href=${link({ [name]: value, before: null })} onClick=${follow} title=${ONLY[name]}>${value}</a>`;
}

// All sites with their visitors of 30 days.

import { useQuestion } from '../api/question.js';
import { startPlain } from '../frame/plain.js';
import { Change } from '../parts/change.js';
import { html, useEffect, useState } from '../parts/html.js';
import { Sparkline } from '../parts/sparkline.js';
import { Empty, Loaded } from '../parts/states.js';
import { Table } from '../parts/table.js';
import { follow, go, link, useAddress } from '../state/address.js';
import { count } from '../text/format.js';
import { t } from '../text/words.js';

const SHOWN = 25;
const WAIT = 200;

function Sites() {
  const params = useAddress();
  const [search, after] = [params.get('q') ?? '', params.get('after') ?? ''];
  const result = useQuestion('analytics/sites', { search, after, limit: SHOWN });
  return html`<div class="settings">
    <div class="title"><h1>${t('All sites')}</h1><a class="button first" href="/sites/new">${t('New site')}</a></div>
    <section class="card" id="all-sites" aria-label=${t('Sites')} aria-busy=${result.loading}>
      <${Search} text=${search} />
      <div class="scroll" tabindex="0" role="group" aria-label=${t('Visitors by site')}>
        <${Loaded} result=${result} retry=${result.retry} rows=${6}>
          ${(sites) => (sites.length ? html`<${Rows} sites=${sites} />` : html`<${Nothing} search=${search} />`)}
        <//>
      </div>
      <${Turn} sites=${result.answer} after=${after} />
    </section>
  </div>`;
}

/** The field keeps what is typed; the address follows after a moment. */
function Search({ text }) {
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    if (typed === text) return undefined;
    const timer = setTimeout(() => go({ q: typed || null, after: null }, { replace: true }), WAIT);
    return () => clearTimeout(timer);
  }, [typed]);
  return html`<input type="search" class="find" aria-label=${t('Find a site')} placeholder=${t('Find a site')} autocomplete="off" value=${typed} onInput=${({ target }) => setTyped(target.value)} />`;
}

const COLUMNS = [
  { key: 'name', words: t('Site'), cell: Name },
  { key: 'days', words: t('Last 30 days'), number: true, cell: ({ visitors_by_day: days }) => html`<${Sparkline} values=${days} />` },
  { key: 'visitors', words: t('Visitors'), means: t('Distinct visitors of the last 30 days.'), number: true, cell: ({ visitors }) => count(visitors) },
  { key: 'change', words: t('Change'), means: t('Against the 30 days before, up to the same time of day.'), number: true, cell: Against },
];

function Name({ key, name, domain }) {
  return html`<a class="value" href=${`/?${new URLSearchParams({ site: key })}`} title=${name}>
    <span class="words">${name}</span>${name !== domain && html`<span class="muted words">${domain}</span>`}
  </a>`;
}

function Against({ visitors, visitors_before: before }) {
  const ratio = before ? visitors / before : null;
  return html`<${Change} ratio=${ratio} title=${t('{n} in the 30 days before', { n: count(before) })} />`;
}

const Rows = ({ sites }) => html`<${Table} columns=${COLUMNS} rows=${sites} caption=${t('Sites')} />`;

function Nothing({ search }) {
  if (search) return html`<${Empty}>${t('No site has “{text}” in its name, domain or key.', { text: search })}<//>`;
  return html`<${Empty}>${t('You have no site yet.')} <a href="/sites/new">${t('New site')}</a><//>`;
}

function Turn({ sites, after }) {
  const hasMore = sites?.length === SHOWN;
  if (!after && !hasMore) return null;
  return html`<p class="paging">
    ${after && html`<a class="button" href=${link({ after: null })} onClick=${follow}>${t('First')}</a>`}
    ${hasMore && html`<a class="button" href=${link({ after: sites.at(-1).key })} onClick=${follow}>${t('Next')}</a>`}
  </p>`;
}

startPlain(Sites);

// All rows of a card in a dialog: search, every column, sorting, paging. Its state is in the address.

import { useReports } from '../../api/reports.js';
import { Dialog } from '../../parts/dialog.js';
import { html, useEffect, useRef, useState } from '../../parts/html.js';
import { rangeWords } from '../../parts/paging.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { go } from '../../state/address.js';
import { t } from '../../text/words.js';
import { labelColumn, numberColumn } from './columns.js';
import { comparedIn, csvAddress } from './ranking_card.js';
import { found, searched } from './search.js';

const PAGE = 100;
const WAIT = 250;
const CLOSED = { details: null, q: null, order: null, page: null };
const NOT_SORTED = ['values'];

export function Details({ id, card, tab, view, params }) {
  const [text, order] = [params.get('q') ?? '', params.get('order') ?? `${tab.numbers[0]}:desc`];
  const page = Math.max(1, Number.parseInt(params.get('page'), 10) || 1);
  const sorted = NOT_SORTED.includes(tab.report) ? {} : { order };
  const place = { limit: PAGE, offset: (page - 1) * PAGE };
  const more = { ...tab.detailed, ...sorted, ...searched(tab, view, text) };
  const query = { report: tab.report, ...view.common, ...comparedIn(tab, view), ...tab.params, ...place, ...more };
  const { of, retry } = useReports({ details: query });
  const tools = html`
    ${tab.dimension && html`<${Search} text=${text} />`}
    <a class="button" href=${csvAddress(tab, view, more)} download>CSV</a>
  `;
  const title = card.tabs.length > 1 ? `${card.title}: ${tab.words}` : card.title;
  return html`<${Dialog} id="details" title=${title} tools=${tools} close=${() => go(CLOSED)}>
    <div class="scroll" tabindex="0" onKeyDown=${focusSearch} role="region" aria-label=${title}>
      <${Loaded} result=${of('details')} retry=${retry} rows=${15}>
        ${(answer) => html`<${Rows} ...${{ id, tab, view, answer, order, title, text }} />`}
      <//>
    </div>
    <${Paging} page=${page} answer=${of('details').answer} />
  <//>`;
}

function Rows({ tab, view, answer, order, title, text }) {
  const rows = found(tab, answer.rows, text);
  if (!rows.length) return html`<${Empty}>${text ? t('Nothing contains “{text}”.', { text }) : tab.empty}<//>`;
  const columns = [labelColumn(tab, view.filters), ...tab.columns.map(numberColumn)];
  const orders = NOT_SORTED.includes(tab.report) ? [] : columns.map(({ key }) => key);
  const sort = (by) => go({ order: by, page: null }, { replace: true });
  return html`<${Table} ...${{ columns, rows, caption: title, order, sort }}
    orders=${orders.filter((key) => key !== 'category')} />`;
}

function focusSearch(event) {
  if (event.key !== '/') return;
  event.preventDefault();
  event.currentTarget.closest('dialog').querySelector('[type="search"]')?.focus();
}

/** What is typed waits a moment before it goes into the address; the page may be drawn meanwhile. */
function Search({ text }) {
  const timer = useRef(0);
  const [typed, setTyped] = useState(text);
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!timer.current) setTyped(text);
  }, [text]);
  const input = ({ target: { value } }) => {
    setTyped(value);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      timer.current = 0;
      go({ q: value || null, page: null }, { replace: true });
    }, WAIT);
  };
  return html`<input type="search" name="q" aria-label=${t('Search')} placeholder=${t('Search')} value=${typed} onInput=${input} />`;
}

function Paging({ page, answer }) {
  if (!answer || (page === 1 && !answer.page?.next)) return null;
  const first = (page - 1) * PAGE + 1;
  const last = first + answer.rows.length - 1;
  const turn = (steps) => () => go({ page: `${page + steps}` }, { replace: true });
  return html`<p class="paging">
    <button type="button" class="quiet" disabled=${page === 1} onClick=${turn(-1)}>${t('Before')}</button>
    <span>${rangeWords(first, last, answer.page.total)}</span>
    <button type="button" class="quiet" disabled=${!answer.page.next} onClick=${turn(1)}>${t('Next')}</button>
  </p>`;
}

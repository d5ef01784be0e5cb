// A card with the nine largest rows of the chosen tab.

import { address } from '../../api/client.js';
import { Later } from '../../frame/later.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Origin } from '../../parts/origin.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Ranking } from '../../parts/table.js';
import { Tabs } from '../../parts/tabs.js';
import { follow, go, link } from '../../state/address.js';
import { t } from '../../text/words.js';
import { labelColumn, numberColumn, segmentColumn, valueColumn } from './columns.js';

const SHOWN = 9;

/** The tab of a card that the address names, or its first. @returns {import('./cards.js').Tab} */
export function chosenTab(params, id, { tabs }) {
  const tab = tabs.find(({ key }) => key === params.get(id)) ?? tabs[0];
  const name = tab.asks && params.get(tab.asks);
  if (!name) return tab;
  return { ...tab, dimension: `props:${name}`, params: { property: name, totals: false } };
}

/** Whether a tab waits for a name. */
const isWaiting = ({ asks, params }) => asks && !params;

const NOT_COMPARED = ['bots', 'values'];

/** The parameters of a tab's report for the comparison of the view. @param {import('./cards.js').Tab} tab */
export const comparedIn = ({ report }, { compared }) => (NOT_COMPARED.includes(report) ? {} : compared);

/** Whether a card shows the numbers of a segment beside its own. */
const isBesideSegment = ({ draw }, { comparison }) => comparison.compare === 'segment' && !draw;

/** What a tab asks, null while it waits; one more row than is shown, as one may be left out. */
export function queryOf(tab, view) {
  if (isWaiting(tab)) return null;
  const { report, params, skipsEmpty } = tab;
  const compared = isBesideSegment(tab, view) ? comparedIn(tab, view) : {};
  return { report, ...view.common, ...compared, limit: SHOWN + (skipsEmpty ? 1 : 0), ...params };
}

/** The same rows as a file. @param {import('./cards.js').Tab} tab */
export const csvAddress = ({ report, params }, { common }, more = {}) =>
  address(`analytics/${report}`, { ...common, ...params, limit: 1000, ...more, format: 'csv' });

export function RankingCard({ id, card, tab, view, result, retry }) {
  const options = card.tabs.map(({ key, words }) => [key, words]);
  const tabs = options.length > 1 && html`<${Tabs}
    label=${t('{card} by', { card: card.title })}
    options=${options}
    chosen=${tab.key}
    choose=${(key) => go({ [id]: key })}
  />`;
  const press = (event) => {
    if (event.key !== 'd' || event.ctrlKey || event.metaKey) return;
    event.stopPropagation();
    go({ details: id });
  };
  const waits = isWaiting(tab);
  return html`<${Card} id=${id} title=${card.title} tools=${tabs} busy=${result.loading && !waits} className="ranking">
    ${tab.asks && html`<${Asked} tab=${tab} />`}
    ${!waits && html`<div class="body" onKeyDown=${press}><${Loaded} result=${result} retry=${retry} rows=${card.rows ?? SHOWN + 1}>
      ${(answer) => html`<${Rows} ...${{ card, tab, view, answer }} />`}
    <//></div>
    <p class="foot">
      <a href=${link({ details: id })} onClick=${follow} aria-label=${t('Details of {card}', { card: card.title })}>${t('Details')}</a>
      <${Origin} answer=${result.answer} />
      <a href=${csvAddress(tab, view)} download>CSV</a>
    </p>`}
  <//>`;
}

/** The form for the name that a tab needs. */
function Asked({ tab: { asks, dimension } }) {
  const submit = (event) => {
    event.preventDefault();
    go({ [asks]: event.target.elements.name.value.trim() || null });
  };
  return html`<form class="asked" onSubmit=${submit}>
    <label>${t('Name of the property')}
      <input name="name" value=${dimension?.slice('props:'.length) ?? ''} autocomplete="off" />
    </label>
    <button type="submit">${t('Show')}</button>
  </form>`;
}

function Rows({ card, tab, view, answer }) {
  const size = tab.numbers[0];
  const rows = answer.rows
    .filter((row) => row[size] && (row[tab.label] || !tab.skipsEmpty));
  if (!rows.length) return html`<${Empty}>${tab.empty}<//>`;
  if (tab.draw) return html`<${Later} load=${tab.draw} ...${{ rows, tab }} filters=${view.filters} />`;
  const numbers = answer.comparison
    ? [valueColumn(size), segmentColumn(size, answer.query)]
    : tab.numbers.map(numberColumn);
  const columns = [labelColumn(tab, view.filters), ...numbers];
  const caption = `${card.title}: ${tab.words}`;
  return html`<${Ranking} ...${{ columns, caption }} rows=${rows.slice(0, SHOWN)} size=${(row) => row[size]} />`;
}

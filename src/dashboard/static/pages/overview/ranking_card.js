// A card with the nine largest rows of the chosen tab.

import { address } from '../../api/client.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Origin } from '../../parts/origin.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Ranking } from '../../parts/table.js';
import { Tabs } from '../../parts/tabs.js';
import { follow, go, link } from '../../state/address.js';
import { labelColumn, numberColumn } from './columns.js';

const SHOWN = 9;

/** The tab of a card that the address names, or its first. @returns {import('./cards.js').Tab} */
export const chosenTab = (params, id, { tabs }) =>
  tabs.find(({ key }) => key === params.get(id)) ?? tabs[0];

/** What a tab asks; one more row than is shown, as one may be left out. */
export const queryOf = ({ report, params, skipsEmpty }, { common }) => ({
  report,
  ...common,
  limit: SHOWN + (skipsEmpty ? 1 : 0),
  ...params,
});

/** The same rows as a file. @param {import('./cards.js').Tab} tab */
export const csvAddress = ({ report, params }, { common }, more = {}) =>
  address(`analytics/${report}`, { ...common, ...params, limit: 1000, ...more, format: 'csv' });

export function RankingCard({ id, card, tab, view, result, retry }) {
  const options = card.tabs.map(({ key, words }) => [key, words]);
  const tabs = options.length > 1 && html`<${Tabs}
    label=${`${card.title} by`}
    options=${options}
    chosen=${tab.key}
    choose=${(key) => go({ [id]: key })}
  />`;
  const press = (event) => {
    if (event.key !== 'd' || event.ctrlKey || event.metaKey) return;
    event.stopPropagation();
    go({ details: id });
  };
  return html`<${Card} id=${id} title=${card.title} tools=${tabs} busy=${result.loading} className="ranking">
    <div class="body" onKeyDown=${press}><${Loaded} result=${result} retry=${retry} rows=${card.rows ?? SHOWN + 1}>
      ${(answer) => html`<${Rows} ...${{ card, tab, view, answer }} />`}
    <//></div>
    <p class="foot">
      <a href=${link({ details: id })} onClick=${follow} aria-label=${`Details of ${card.title}`}>Details</a>
      <${Origin} answer=${result.answer} />
      <a href=${csvAddress(tab, view)} download>CSV</a>
    </p>
  <//>`;
}

function Rows({ card, tab, view, answer }) {
  const size = tab.numbers[0];
  const rows = answer.rows
    .filter((row) => row[size] && (row[tab.label] || !tab.skipsEmpty))
    .slice(0, SHOWN);
  if (!rows.length) return html`<${Empty}>${tab.empty}<//>`;
  const columns = [labelColumn(tab, view.filters), ...tab.numbers.map(numberColumn)];
  const caption = `${card.title}: ${tab.words}`;
  return html`<${Ranking} ...${{ columns, rows, caption }} size=${(row) => row[size]} />`;
}

// What visitors of the last 30 minutes look at, where they come from, and where they are.

import { Later } from '../../frame/later.js';
import { html } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { Empty } from '../../parts/states.js';
import { Ranking } from '../../parts/table.js';
import { Tabs } from '../../parts/tabs.js';
import { go, useAddress } from '../../state/address.js';
import { dimensionWords } from '../../text/dimensions.js';
import { count } from '../../text/format.js';
import { t } from '../../text/words.js';

const SHOWN = 9;
const NUMBERS = { pageviews: t('Views'), visitors: t('Visitors') };

/** Few look at the map, so it is loaded when it is shown. */
const loadMap = () => import('../overview/world_map.js').then(({ WorldMap }) => WorldMap);

/** Key in the address, words, rows of a snapshot, what they are by, their numbers. */
const TABS = [
  { key: 'pages', words: t('Pages'), rowsOf: (picture) => picture.top_pages, dimension: 'page', numbers: ['pageviews', 'visitors'] },
  { key: 'sources', words: t('Sources'), rowsOf: (picture) => picture.top_sources, dimension: 'source', numbers: ['visitors'] },
  { key: 'countries', words: t('Countries'), rowsOf: (picture) => picture.countries, dimension: 'country', numbers: ['visitors'] },
  { key: 'map', words: t('Map'), rowsOf: (picture) => picture.countries, draw: Countries },
];

/** @param {{ picture: object | null }} props A snapshot as the API sends it; null until there is one. */
export function Top({ picture }) {
  const asked = useAddress().get('top');
  const tab = TABS.find(({ key }) => key === asked) ?? TABS[0];
  const { rowsOf, draw: Draw = Rows } = tab;
  const rows = picture && rowsOf(picture);
  return html`
    <${Tabs} label=${t('Last 30 minutes, by')} options=${TABS.map(({ key, words }) => [key, words])} chosen=${tab.key} choose=${(key) => go({ top: key })} />
    ${rows && (rows.length ? html`<${Draw} rows=${rows} tab=${tab} />` : html`<${Empty}>${t('No page views yet.')}<//>`)}
  `;
}

function Rows({ rows, tab: { words, dimension, numbers } }) {
  const label = { key: dimension, words: dimensionWords(dimension), cell: (row) => html`<${Label} dimension=${dimension} value=${row[dimension]} />` };
  const columns = numbers.map((key) => ({ key, words: NUMBERS[key], number: true, cell: (row) => count(row[key]) }));
  return html`<${Ranking} columns=${[label, ...columns]} rows=${rows.slice(0, SHOWN)} caption=${words} size=${(row) => row[numbers[0]]} />`;
}

function Countries({ rows }) {
  return html`<${Later} load=${loadMap} rows=${rows} tab=${{ numbers: ['visitors'] }} />`;
}

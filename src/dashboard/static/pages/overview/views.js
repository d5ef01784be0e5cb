// What of the overview can be put on a board: the chart, each headline number, and the cards.

import { remembered } from '../../state/remembered.js';
import { viewOf } from '../../state/view.js';
import { METRICS, revenueIn } from '../../text/metrics.js';
import { t } from '../../text/words.js';
import { CARDS } from './cards.js';
import { OF_ALL_SITES } from './headlines.js';
import { chosenTab, queryOf } from './ranking_card.js';
import { seriesQueries } from './series.js';

/** @param {URLSearchParams} params @returns {import('../boards/save.js').Savable[]} */
export function viewsOf(params) {
  const view = viewOf(params);
  const numbers = numbersOf(view);
  const chosen = numbers.find(({ columns: [name] }) => name === params.get('metric')) ?? numbers[0];
  const series = { ...chosen, words: t('{metric} over time', { metric: chosen.words }), drawing: 'series' };
  const cards = Object.entries(CARDS).map(([id, card]) => cardOf(card, chosenTab(params, id, card), view));
  return [series, ...numbers, ...cards.filter((card) => card.query)];
}

/** The headline numbers of the site, as its overview showed them last. */
function numbersOf(view) {
  const { series, conversions } = seriesQueries(view);
  const { goals, currency } = remembered();
  const number = (query, name, { words } = METRICS[name]) => ({ words, query, drawing: 'number', columns: [name] });
  return [
    ...OF_ALL_SITES.map((name) => number(series, name)),
    ...(goals ? [number(conversions, 'conversion_rate')] : []),
    ...(currency ? [number(conversions, 'revenue', revenueIn(currency))] : []),
  ];
}

const cardOf = (card, tab, view) => ({
  words: card.tabs.length > 1 ? `${card.title}: ${tab.words}` : card.title,
  query: queryOf(tab, view),
  drawing: 'ranking',
  columns: [tab.label, ...tab.numbers],
});

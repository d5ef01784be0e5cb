// What of the overview can be put on a board: the chart, each headline number, and the cards.

import { viewOf } from '../../state/view.js';
import { METRICS } from '../../text/metrics.js';
import { CARDS } from './cards.js';
import { chosenTab, queryOf } from './ranking_card.js';
import { seriesQuery } from './series.js';
import { TILES } from './tiles.js';

/** @param {URLSearchParams} params @returns {import('../boards/save.js').Savable[]} */
export function viewsOf(params) {
  const view = viewOf(params);
  const query = seriesQuery(view);
  const chosen = TILES.includes(params.get('metric')) ? params.get('metric') : TILES[0];
  const series = { words: `${METRICS[chosen].words} over time`, query, drawing: 'series', columns: [chosen] };
  const number = (name) => ({ words: METRICS[name].words, query, drawing: 'number', columns: [name] });
  const cards = Object.entries(CARDS).map(([id, card]) => cardOf(card, chosenTab(params, id, card), view));
  return [series, ...TILES.map(number), ...cards.filter((card) => card.query)];
}

const cardOf = (card, tab, view) => ({
  words: card.tabs.length > 1 ? `${card.title}: ${tab.words}` : card.title,
  query: queryOf(tab, view),
  drawing: 'ranking',
  columns: [tab.label, ...tab.numbers],
});

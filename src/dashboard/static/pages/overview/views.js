// What of the overview can be put on a board: the chart, each headline number, and the cards.

import { viewOf } from '../../state/view.js';
import { METRICS } from '../../text/metrics.js';
import { t } from '../../text/words.js';
import { CARDS } from './cards.js';
import { OF_ALL_SITES } from './headlines.js';
import { chosenTab, queryOf } from './ranking_card.js';
import { seriesQueries } from './series.js';

/** @param {URLSearchParams} params @returns {import('../boards/save.js').Savable[]} */
export function viewsOf(params) {
  const view = viewOf(params);
  const { series: query } = seriesQueries(view);
  const chosen = OF_ALL_SITES.includes(params.get('metric')) ? params.get('metric') : OF_ALL_SITES[0];
  const series = { words: t('{metric} over time', { metric: METRICS[chosen].words }), query, drawing: 'series', columns: [chosen] };
  const number = (name) => ({ words: METRICS[name].words, query, drawing: 'number', columns: [name] });
  const cards = Object.entries(CARDS).map(([id, card]) => cardOf(card, chosenTab(params, id, card), view));
  return [series, ...OF_ALL_SITES.map(number), ...cards.filter((card) => card.query)];
}

const cardOf = (card, tab, view) => ({
  words: card.tabs.length > 1 ? `${card.title}: ${tab.words}` : card.title,
  query: queryOf(tab, view),
  drawing: 'ranking',
  columns: [tab.label, ...tab.numbers],
});

// The overview: headline numbers, their chart, and a card for each question about the range.

import { useReports } from '../api/reports.js';
import { Later } from '../frame/later.js';
import { start } from '../frame/start.js';
import { html } from '../parts/html.js';
import { useAddress } from '../state/address.js';
import { viewOf } from '../state/view.js';
import { CARDS } from './overview/cards.js';
import { chosenTab, queryOf, RankingCard } from './overview/ranking_card.js';
import { Series, seriesQueries } from './overview/series.js';
import { viewsOf } from './overview/views.js';

const loadDetails = () => import('./overview/details.js').then(({ Details }) => Details);

function Overview() {
  const params = useAddress();
  const view = viewOf(params);
  const cards = Object.entries(CARDS).map(([id, card]) => ({ id, card, tab: chosenTab(params, id, card) }));
  const queries = Object.fromEntries(cards.map(({ id, tab }) => [id, queryOf(tab, view)]));
  const { of, retry } = useReports({ ...seriesQueries(view), ...queries });
  const open = cards.find(({ id, tab }) => id === params.get('details') && queryOf(tab, view));
  return html`
    <${Series} ...${{ view, params, retry }} series=${of('series')} conversions=${of('conversions')} />
    <div class="cards">
      ${cards.map(({ id, card, tab }) => html`<${RankingCard} key=${id} ...${{ id, card, tab, view, retry }} result=${of(id)} />`)}
    </div>
    ${open && html`<${Later} load=${loadDetails} key=${open.id + open.tab.key} ...${open} view=${view} params=${params} />`}
  `;
}

start(Overview, { views: viewsOf });

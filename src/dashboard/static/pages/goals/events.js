// The events besides page views; a click on one shows its properties.

import { address } from '../../api/client.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Origin } from '../../parts/origin.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Ranking } from '../../parts/table.js';
import { follow, link } from '../../state/address.js';
import { numberColumn } from '../overview/columns.js';
import { t } from '../../text/words.js';

const MOST = 100;

export const eventsQuery = ({ common, compared }) => ({ report: 'events', ...common, ...compared, totals: false, limit: MOST });

export function EventsCard({ view, event, result, retry }) {
  const csv = address('analytics/events', { ...view.common, limit: 1000, format: 'csv' });
  const name = ({ name: text }) => html`<a
    class="value"
    title=${t('Properties of {event}', { event: text })}
    aria-current=${text === event ? 'true' : null}
    href=${link({ event: text === event ? null : text, prop: null })}
    onClick=${follow}
  ><span class="words">${text}</span></a>`;
  const columns = [{ key: 'name', words: t('Event'), cell: name }, ...['custom_events', 'visitors', 'conversion_rate'].map(numberColumn)];
  return html`<${Card} id="events" title=${t('Events')} busy=${result.loading}>
    <div class="body scroll" tabindex="0" role="group" aria-label=${t('Events')}><${Loaded} result=${result} retry=${retry} rows=${6}>
      ${({ rows }) => (rows.length
        ? html`<${Ranking} ...${{ columns, rows }} caption=${t('Events')} size=${(row) => row.custom_events} />`
        : html`<${Empty}>${t('No events besides page views in this range.')}<//>`)}
    <//></div>
    <div class="foot"><span class="legend">${t('A click on an event shows its properties.')}</span>
      <span class="links"><${Origin} answer=${result.answer} /><a href=${csv} download>CSV</a></span></div>
  <//>`;
}

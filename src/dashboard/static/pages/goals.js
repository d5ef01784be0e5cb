// Goals and events: how often each was reached, and the properties of events.

import { useQuestion } from '../api/question.js';
import { useReports } from '../api/reports.js';
import { start } from '../frame/start.js';
import { html, useReducer } from '../parts/html.js';
import { useAddress } from '../state/address.js';
import { site } from '../state/site.js';
import { t } from '../text/words.js';
import { viewOf } from '../state/view.js';
import { EventsCard, eventsQuery } from './goals/events.js';
import { GoalsCard, goalsQuery } from './goals/list.js';
import { PropertiesCard, propertiesQuery } from './goals/properties.js';

function Goals({ changed }) {
  const params = useAddress();
  const view = viewOf(params);
  const event = params.get('event');
  const { of, retry } = useReports({
    goals: goalsQuery(view),
    events: eventsQuery(view),
    properties: propertiesQuery(view, params),
  });
  const saved = useQuestion('goals', { site });
  return html`<div class="analysis">
    <${GoalsCard} ...${{ view, saved, retry, changed }} result=${of('goals')} />
    <div class="pair">
      <${EventsCard} ...${{ view, event, retry }} result=${of('events')} />
      ${event && html`<${PropertiesCard} key=${event} ...${{ view, params, event, retry }} result=${of('properties')} />`}
    </div>
  </div>`;
}

/** All is asked again after a goal was saved or deleted. */
function Page() {
  const [turn, changed] = useReducer((count) => count + 1, 0);
  return html`<${Goals} key=${turn} changed=${changed} />`;
}

/** What can be put on a board. */
function viewsOf(params) {
  const view = viewOf(params);
  return [
    { words: t('Goals'), query: { ...goalsQuery(view), limit: 10 }, drawing: 'ranking', columns: ['name', 'conversions', 'conversion_rate'] },
    { words: t('Events'), query: { ...eventsQuery(view), limit: 10 }, drawing: 'ranking', columns: ['name', 'custom_events', 'visitors'] },
  ];
}

start(Page, { views: viewsOf });

// What a funnel is, and two of the site's own to begin with.

import { useReports } from '../../api/reports.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { follow, link } from '../../state/address.js';
import { eventStep, stepWords } from '../../text/steps.js';
import { t } from '../../text/words.js';

const NAMED = ['pageview', 'engagement'];

/** Funnels of the pages and events that are most frequent, as far as there are some. */
function examplesOf(pages, events) {
  const [first, second, third] = pages.filter(({ page }) => page).map(({ page }) => page);
  const event = events.map(({ event: name }) => name).find((name) => name && !NAMED.includes(name));
  const made = [[first, second], event ? [first, eventStep(event)] : [first, second, third]];
  return made.filter((steps) => steps.every(Boolean));
}

export function Examples({ view }) {
  const { of } = useReports({
    pages: { report: 'values', ...view.common, dimension: 'page', limit: 4 },
    events: { report: 'values', ...view.common, dimension: 'event', limit: 4 },
  });
  const [pages, events] = ['pages', 'events'].map((id) => of(id).answer?.rows);
  const found = pages && events ? examplesOf(pages, events) : [];
  return html`<${Card} id="examples" title=${t('What a funnel tells')}>
    <div class="welcome">
      <p>${t('A funnel is a series of steps that visitors should take: pages that they view, events that they send.')} ${t('It counts how many got to each step, how many left before it, and how long it took.')}</p>
      ${found.length > 0 &&
      html`<p class="muted">${t('For example, of this site:')}</p>
        <ul class="examples">${found.map((steps) => html`<li key=${steps.join(' ')}><${Example} steps=${steps} /></li>`)}</ul>`}
    </div>
  <//>`;
}

const Example = ({ steps }) => html`<a class="button" href=${link({ step: steps })} onClick=${follow}>
  ${steps.map((step, place) => html`${place > 0 && html`<span aria-label=${t('then')}>→</span>`}<span class="value" title=${stepWords(step)}><${Cut} text=${stepWords(step)} /></span>`)}
</a>`;

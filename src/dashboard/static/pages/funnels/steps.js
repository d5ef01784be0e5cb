// The steps of the funnel, picked, moved and removed; and how they are counted.

import { Card } from '../../parts/card.js';
import { Choice } from '../../parts/choice.js';
import { html } from '../../parts/html.js';
import { Pick } from '../../parts/pick.js';
import { go } from '../../state/address.js';
import { dimensionWords } from '../../text/dimensions.js';
import { plural } from '../../text/format.js';
import { stepWords } from '../../text/steps.js';
import { t } from '../../text/words.js';

/** @type {import('../../parts/choice.js').Options} */
export const MODES = [
  ['ordered', t('In this order')],
  ['strict', t('Directly one after the other')],
  ['any', t('In any order')],
];

/** @type {import('../../parts/choice.js').Options} */
export const UNITS = [['visitor', t('Visitors')], ['visit', t('Visits')]];

/** The hours from the first step to the last. @type {import('../../parts/choice.js').Options} */
export const WITHIN = [
  ['168', plural(7, 'day')], ['1', plural(1, 'hour')], ['24', plural(1, 'day')], ['720', plural(30, 'day')], ['2160', plural(90, 'day')],
];

const DIMENSIONS = ['channel', 'source', 'campaign', 'country', 'device', 'browser', 'os', 'language', 'entry_page', 'visitor_type'];

/** @type {import('../../parts/choice.js').Options} */
export const BY = [['none', t('Nothing')], ...DIMENSIONS.map((key) => [key, dimensionWords(key)])];

/** Goes to the funnel of these steps. Who left is another question then. */
const choose = (steps) => go({ step: steps, left: null, page: null });

/** The steps with the one at a place moved. */
function moved(steps, place, by) {
  const made = steps.filter((_, at) => at !== place);
  made.splice(place + by, 0, steps[place]);
  return made;
}

export function Steps({ view, funnel: { steps, mode, unit, within, by }, most }) {
  return html`<${Card} id="steps" title=${t('Steps')}>
    <ol class="steps">
      ${steps.map((step, place) => html`<${Step} key=${`${place} ${step}`} ...${{ view, steps, step, place }} />`)}
      ${steps.length < most &&
      html`<li key="new">
        <span class="place" aria-hidden="true">${steps.length + 1}</span>
        <${Pick}
          id="add-step"
          isNew
          label=${t('Add a step')}
          placeholder=${t(steps.length ? 'Add a page or an event' : 'A page, a pattern as /blog/*, or the name of an event')}
          view=${view}
          choose=${(step) => choose([...steps, step])}
        />
      </li>`}
    </ol>
    <div class="options">
      <${Choice} label=${t('Count')} name="unit" options=${UNITS} chosen=${unit} />
      <${Choice} label=${t('Steps')} name="mode" options=${MODES} chosen=${mode} />
      <${Choice} label=${t('Within')} name="within" options=${WITHIN} chosen=${within} />
      <${Choice} label=${t('By')} name="by" options=${BY} chosen=${by} />
    </div>
  <//>`;
}

function Step({ view, steps, step, place }) {
  const words = stepWords(step);
  const move = (by) => () => choose(moved(steps, place, by));
  const replace = (made) => choose(steps.map((one, at) => (at === place ? made : one)));
  const remove = () => choose(steps.filter((_, at) => at !== place));
  return html`<li>
    <span class="place" aria-hidden="true">${place + 1}</span>
    <${Pick} label=${t('Step {n}', { n: place + 1 })} value=${step} view=${view} choose=${replace} />
    <button type="button" class="icon" aria-label=${t('Move {what} up', { what: words })} disabled=${!place} onClick=${move(-1)}>↑</button>
    <button type="button" class="icon" aria-label=${t('Move {what} down', { what: words })} disabled=${place === steps.length - 1} onClick=${move(1)}>↓</button>
    <button type="button" class="icon" aria-label=${t('Remove {what}', { what: words })} onClick=${remove}>✕</button>
  </li>`;
}

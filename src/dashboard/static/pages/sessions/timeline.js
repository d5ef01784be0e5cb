// One visit from its first event to its last, with the gaps between them to scale.

import { useQuestion } from '../../api/question.js';
import { Dialog } from '../../parts/dialog.js';
import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { Loaded } from '../../parts/states.js';
import { go } from '../../state/address.js';
import { timezone } from '../../state/site.js';
import { CLOCK, DAY, dates, duration, plural } from '../../text/format.js';
import { sourceOf, who } from './columns.js';
import { t } from '../../text/words.js';

const moment = dates(timezone, { weekday: 'short', ...DAY, year: 'numeric', ...CLOCK });
const clock = dates(timezone, { ...CLOCK, second: '2-digit' });

/** The height of the longest gap, in pixels. */
const LONGEST = 120;
const NAMES = { pageview: t('Page view'), engagement: t('Left the page') };

export function Timeline({ visit, view: { common } }) {
  const { filters: _, ...range } = common;
  const result = useQuestion(`analytics/sessions/${encodeURIComponent(visit)}`, range);
  return html`<${Dialog} id="visit" title=${t('One visit')} close=${() => go({ visit: null })}>
    <div class="scroll" tabindex="0" role="group" aria-label=${t('The events of the visit')}>
      <${Loaded} result=${result} retry=${result.retry} rows=${8}>${(answer) => html`<${Events} ...${answer} />`}<//>
    </div>
  <//>`;
}

function Events({ visit, events }) {
  const longest = Math.max(...events.map(({ seconds_to_next: gap }) => gap ?? 0), 1);
  const facts = [moment(visit.started), who(visit), sourceOf(visit), plural(visit.pageviews, 'page view'), duration(visit.duration_seconds)];
  return html`
    <p class="facts">${facts.map((fact) => html`<span key=${fact}>${fact}</span>`)}</p>
    <ol class="timeline">${events.map((event) => html`<${Event} key=${event.id} ...${{ event, longest }} />`)}</ol>
  `;
}

function Event({ event, longest }) {
  const { time, name, page, title, seconds_to_next: gap } = event;
  return html`<li class=${name === 'pageview' ? 'viewed' : ''} style=${{ paddingBottom: `${((gap ?? 0) / longest) * LONGEST + 12}px` }}>
    <time datetime=${time}>${clock(time)}</time>
    <div class="what">
      <p class="value"><b class="words">${Object.hasOwn(NAMES, name) ? NAMES[name] : name}</b> <span class="value" title=${page}><${Cut} text=${page} /></span></p>
      ${title && html`<p class="muted words" title=${title}>${title}</p>`}
      <${Facts} event=${event} />
      ${gap > 0 && html`<p class="gap muted">${duration(gap)}</p>`}
    </div>
  </li>`;
}

/** Amount, duration and properties, each as it was sent. */
function Facts({ event: { duration: seconds, revenue, currency, props } }) {
  const facts = [
    ...(revenue === null ? [] : [[t('Revenue'), `${revenue} ${currency ?? ''}`]]),
    ...(seconds === null ? [] : [[t('Duration'), duration(seconds)]]),
    ...Object.entries(props ?? {}).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ];
  if (!facts.length) return null;
  return html`<dl class="props">${facts.map(([key, value]) => html`<div key=${key}><dt>${key}</dt><dd>${value}</dd></div>`)}</dl>`;
}

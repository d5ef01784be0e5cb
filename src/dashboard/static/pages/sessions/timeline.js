// One visit from its first event to its last, with the gaps between them to scale; and the other visits
// of its visitor.

import { useQuestion } from '../../api/question.js';
import { Dialog } from '../../parts/dialog.js';
import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { Loaded } from '../../parts/states.js';
import { follow, go, link } from '../../state/address.js';
import { timezone } from '../../state/site.js';
import { CLOCK, DAY, count, dates, duration, plural } from '../../text/format.js';
import { sourceOf, Way, who } from './columns.js';
import { t } from '../../text/words.js';

const moment = dates(timezone, { weekday: 'short', ...DAY, year: 'numeric', ...CLOCK });
const clock = dates(timezone, { ...CLOCK, second: '2-digit' });

/** The height of the longest gap, in pixels. */
const LONGEST = 120;
const NAMES = { pageview: t('Page view'), engagement: t('Left the page') };

/** The parameters for the range of a visit: that of the view, or the second in which it began. */
function rangeOf({ common }, begun) {
  const { filters: _, ...range } = common;
  const start = Date.parse(begun);
  if (Number.isNaN(start)) return range;
  return { site: range.site, from: begun, to: new Date(start + 1000).toISOString() };
}

/** @param {{ visit: string, begun: string | null, view: object }} props When the visit began, if it may lie
 *   outside the range of the view. */
export function Timeline({ visit, begun, view }) {
  const result = useQuestion(`analytics/sessions/${encodeURIComponent(visit)}`, rangeOf(view, begun));
  return html`<${Dialog} id="visit" title=${t('One visit')} close=${() => go({ visit: null, begun: null })}>
    <div class="scroll" tabindex="0" role="group" aria-label=${t('The events of the visit')}>
      <${Loaded} result=${result} retry=${result.retry} rows=${8}>${(answer) => html`<${Events} ...${answer} />`}<//>
    </div>
  <//>`;
}

function Events({ visit, events, others }) {
  const longest = Math.max(...events.map(({ seconds_to_next: gap }) => gap ?? 0), 1);
  const facts = [moment(visit.started), who(visit), sourceOf(visit), plural(visit.pageviews, 'page view'), duration(visit.duration_seconds)];
  return html`
    <p class="facts">${facts.map((fact) => html`<span key=${fact}>${fact}</span>`)}</p>
    <ol class="timeline">${events.map((event) => html`<${Event} key=${event.id} ...${{ event, longest }} />`)}</ol>
    ${others.total > 0 && html`<${Others} ...${others} />`}
  `;
}

function Others({ total, latest }) {
  const words = plural(total, 'other visit');
  return html`<section class="others" aria-label=${t('Other visits of this visitor')}>
    <h3>${t('{visits} of this visitor', { visits: words })}</h3>
    ${total > latest.length && html`<p class="muted">${t('The latest {n}:', { n: count(latest.length) })}</p>`}
    <ul>${latest.map((visit) => html`<li key=${visit.visit_id}>
      <a href=${link({ visit: visit.visit_id, begun: visit.started })} onClick=${follow}>${moment(visit.started)}</a>
      <${Way} visit=${visit} />
      <span class="muted">${[sourceOf(visit), plural(visit.pageviews, 'page view'), duration(visit.duration_seconds)].join(' · ')}</span>
    </li>`)}</ul>
  </section>`;
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

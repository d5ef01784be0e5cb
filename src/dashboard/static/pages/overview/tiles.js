// The headline numbers. One of them drives the chart; arrow keys move between them.

import { Change } from '../../parts/change.js';
import { html } from '../../parts/html.js';
import { Sparkline } from '../../parts/sparkline.js';
import { go } from '../../state/address.js';
import { timezone } from '../../state/site.js';
import { DAY, dates } from '../../text/format.js';
import { t } from '../../text/words.js';
import { pointsOf, segmentOf } from './points.js';

/** @param {{ headlines: import('./headlines.js').Headline[], chosen: string }} props */
export function Tiles({ headlines, chosen }) {
  const press = (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const tiles = [...event.currentTarget.children];
    tiles.at((tiles.indexOf(event.target) + step) % tiles.length).focus();
  };
  return html`<div id="tiles" role="group" aria-label=${t('What the chart shows')} onKeyDown=${press}>
    ${headlines.map((one) => html`<${Tile} key=${one.name} ...${one} isChosen=${one.name === chosen} />`)}
  </div>`;
}

function Tile({ name, metric, result: { answer, error, loading }, isChosen }) {
  const { words, brief, fewerIsBetter } = metric;
  const then = answer?.comparison?.totals?.[name];
  const isBeside = answer?.query.compare === 'segment';
  return html`<button
    type="button"
    class=${loading && answer ? 'tile stale' : 'tile'}
    value=${name}
    aria-pressed=${isChosen}
    title=${answer ? explained(name, metric, answer) : words}
    onClick=${() => go({ metric: name })}
  >
    <span class="label">${words}</span>
    <span class=${answer || error ? 'figure' : 'figure pending'}>${answer ? brief(answer.totals[name]) : error && '–'}</span>
    <span class="below">
      ${answer?.comparison && html`<${Change} ratio=${then?.ratio} fewerIsBetter=${fewerIsBetter} />`}
      ${isBeside && then && html`<span class="beside" title=${segmentOf(answer.query)}>${brief(then.value)}</span>`}
      ${answer && !isBeside && html`<${Sparkline} values=${pointsOf(answer, name).map(({ value }) => value)} />`}
    </span>
  </button>`;
}

const day = dates(timezone, { ...DAY, year: 'numeric' });

/** The exact value, what it means, and what it was. The end of a range is excluded. */
function explained(name, { words, means, show }, { query, totals, comparison }) {
  const then = comparison?.totals?.[name];
  if (then && query.compare === 'segment') {
    return `${words}: ${show(totals[name])}. ${means} ${t('{value} in the segment: {segment}.', { value: show(then.value), segment: segmentOf(query) })}`;
  }
  const was = then
    ? t('{value} from {first} to {last}.', { value: show(then.value), first: day(comparison.from), last: day(Date.parse(comparison.to) - 1) })
    : '';
  return `${words}: ${show(totals[name])}. ${means} ${was}`.trim();
}

// An item of a board: a note, or a view with its title, which leads to its page.

import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Origin } from '../../parts/origin.js';
import { Popover } from '../../parts/popover.js';
import { Loaded } from '../../parts/states.js';
import { PERIODS } from '../../state/periods.js';
import { isKnown, site } from '../../state/site.js';
import { DAY, dates, plural } from '../../text/format.js';
import { t } from '../../text/words.js';
import { Drawing } from './drawings.js';

/** Rows of the skeleton. */
const HEIGHTS = { number: 3, series: 9, ranking: 9, table: 9, diagram: 10 };

export function Item({ item, board, place, move, result, retry, open }) {
  const { id, title, note, view } = item;
  const tools = (board.can_change || board.can_link) && html`<${Tools} ...${{ item, board, place, move, open }} />`;
  return html`<li class="item" data-drawing=${view ? view.drawing : 'note'}>
    <${Card} id=${`item-${id}`} title=${view && isKnown ? html`<a href=${addressOf(view)}>${title}</a>` : title} tools=${tools} busy=${Boolean(view) && result.loading}>
      ${note !== null && html`<p class="note">${note}</p>`}
      ${view && html`
        <div class="body"><${Loaded} result=${result} retry=${retry} rows=${HEIGHTS[view.drawing]}>
          ${(answer) => html`<${Drawing} ...${{ view, answer, title }} />`}
        <//></div>
        <p class="foot"><span class="muted">${rangeWords(view, result.answer)}</span><${Origin} answer=${result.answer} /></p>`}
    <//>
  </li>`;
}

/** The page of a view as it was saved. */
function addressOf({ page, address }) {
  const pairs = Object.entries(address).flatMap(([key, value]) => [value].flat().map((one) => [key, one]));
  return `${page}?${new URLSearchParams([['site', site], ...pairs])}`;
}

/** The range and the filters of a view. */
function rangeWords({ address: { period, f } }, answer) {
  const filters = [f ?? []].flat().length;
  const ends = answer && [answer.query.from, Date.parse(answer.query.to) - 1].map(dates(answer.query.timezone, DAY));
  const range = PERIODS[period]?.words ?? ends?.join(' – ');
  return [range, filters && plural(filters, 'filter')].filter(Boolean).join(' · ');
}

/** By name: the words of a button that moves an item. */
const MOVES = {
  earlier: (what) => t('Move {what} earlier', { what }),
  later: (what) => t('Move {what} later', { what }),
};

function Tools({ item, board: { items, can_change: canChange, can_link: canLink }, place, move, open }) {
  const { id, title } = item;
  const arrow = (name, sign, to) => html`<button
    type="button"
    class="icon"
    id=${`${name}-${id}`}
    aria-label=${MOVES[name](title)}
    title=${MOVES[name](title)}
    disabled=${to < 0 || to >= items.length}
    onClick=${() => move(item, to, `${name}-${id}`)}
  >${sign}</button>`;
  const choices = [
    canChange && [t('Edit'), { edit: item }],
    canLink && item.view && [t('Share link'), { share: item }],
    canChange && [t('Remove'), { remove: item }],
  ].filter(Boolean);
  return html`<div class="tools">
    ${canChange && html`${arrow('earlier', '←', place - 1)}${arrow('later', '→', place + 1)}`}
    ${choices.length > 0 && html`<${Popover} className="icon" name=${`more-${id}`} label="⋯" title=${t('More for {title}', { title })}>${(close) => html`
      <ul class="presets">${choices.map(([words, what]) => html`<li key=${words}>
        <button type="button" onClick=${() => { close(); open(what); }}>${words}</button>
      </li>`)}</ul>`}<//>`}
  </div>`;
}

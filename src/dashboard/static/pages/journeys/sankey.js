// Journeys as a Sankey diagram: a column for each page of the way; a click on a page begins there.

import { html, useState } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { useWidth } from '../../parts/width.js';
import { follow, link } from '../../state/address.js';
import { count, plural } from '../../text/format.js';
import { layout, through } from './layout.js';
import { t } from '../../text/words.js';

/** The least width of a column, in pixels; the drawing scrolls where there is less. */
const COLUMN = 150;

/** @param {{ rows: object[], direction: string, steps: number, hasLinks?: boolean }} props With `hasLinks` a
 *  page leads to the journeys that begin on it. */
export function Sankey({ rows, direction, steps, hasLinks = true }) {
  const [box, width] = useWidth();
  return html`<div class="scroll" tabindex="0" role="group" aria-label=${t('Journeys')} ref=${box}>
    ${width > 0 && html`<${Drawing} ...${{ rows, direction, steps, hasLinks }} width=${Math.max(width, steps * COLUMN)} />`}
  </div>`;
}

function Drawing({ rows, direction, steps, hasLinks, width }) {
  const [near, setNear] = useState(null);
  const { nodes, links, height, column } = layout(rows, direction, steps, width);
  const lit = near ? through(links, near) : null;
  const isLit = ({ id }) => id === near || links.some((one) => lit.has(one.id) && (one.from === id || one.to === id));
  const kind = (one) => [one.to === null && 'end', lit && (lit.has(one.id) ? 'lit' : 'dim')].filter(Boolean).join(' ');
  return html`<div class="journeys" style=${{ width: `${width}px`, height: `${height}px` }}>
    <svg aria-hidden="true">
      ${links.map((one) => html`<path key=${one.id} class=${kind(one)} d=${one.d} stroke-width=${one.width}><title>${titleOf(one, nodes)}</title></path>`)}
    </svg>
    ${nodes.map((node) => html`<${Node} key=${node.id} ...${{ node, column, setNear, hasLinks }} isDim=${lit && !isLit(node)} />`)}
  </div>`;
}

const nameOf = ({ page }) => (page === null ? t('Other pages') : page || t('(no page)'));

function titleOf({ from, to, visits }, nodes) {
  const [source, target] = [from, to].map((id) => nodes.find((node) => node.id === id));
  return `${nameOf(source)} → ${target ? nameOf(target) : t('the end of the visit')}: ${plural(visits, 'visit')}`;
}

function Node({ node, column, setNear, isDim, hasLinks }) {
  const { id, page, step, visits, x, y, height } = node;
  const name = nameOf(node);
  const words = `${name}: ${plural(visits, 'visit')}, ${t('step {n}', { n: step })}`;
  const attributes = {
    class: `node ${page ? '' : 'rest'} ${isDim ? 'dim' : ''}`,
    title: words,
    style: { left: `${x}px`, top: `${y}px`, width: `${column - 12}px`, height: `${height}px`, '--height': `${height}px` },
    onPointerEnter: () => setNear(id),
    onPointerLeave: () => setNear(null),
    onFocus: () => setNear(id),
    onBlur: () => setNear(null),
  };
  const text = html`<span class="name">${page ? html`<${Cut} text=${name} />` : html`<span class="words">${name}</span>`}<b>${count(visits)}</b></span>`;
  return page && hasLinks
    ? html`<a ...${attributes} href=${link({ start: page })} onClick=${follow} aria-label=${words}>${text}</a>`
    : html`<span ...${attributes}>${text}</span>`;
}

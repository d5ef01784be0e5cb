// Tables: of columns for details, and ranked with bars for cards.

import { html } from './html.js';

/** @typedef {object} Column
 * @property {string} key
 * @property {string} words
 * @property {string} [means]
 * @property {boolean} [number] stands at the right
 * @property {(row: object) => unknown} cell */

/** A table. With `sort` the headers of columns in `orders` are buttons.
 * @param {{ columns: Column[], rows: object[], caption: string, order?: string,
 *   orders?: string[], sort?: (order: string) => void }} props An order is 'visits:desc'. */
export function Table({ columns, rows, caption, order = '', orders = [], sort }) {
  const head = (column) => html`<${Head} key=${column.key} ...${{ column, order, orders, sort }} />`;
  const line = (row, place) => html`<tr key=${place}>
    ${columns.map(
      ({ key, number, cell }) => html`<td key=${key} class=${number ? 'number' : 'label'}>${cell(row)}</td>`,
    )}
  </tr>`;
  return html`<table>
    <caption class="hidden">${caption}</caption>
    <thead><tr>${columns.map(head)}</tr></thead>
    <tbody>${rows.map(line)}</tbody>
  </table>`;
}

const SORTED = { asc: 'ascending', desc: 'descending' };

function Head({ column: { key, words, means, number }, order, orders, sort }) {
  const [by, way] = order.split(':');
  const isSorted = by === key;
  const next = isSorted && way === 'desc' ? 'asc' : 'desc';
  const arrow = isSorted ? html`<span aria-hidden="true"> ${way === 'asc' ? '↑' : '↓'}</span>` : '';
  const button = html`<button type="button" onClick=${() => sort(`${key}:${next}`)}>${words}${arrow}</button>`;
  return html`<th
    scope="col"
    class=${number ? 'number' : 'label'}
    title=${means}
    aria-sort=${isSorted ? SORTED[way] : null}
  >${orders.includes(key) ? button : words}</th>`;
}

/** Rows of at most nine, with a bar behind the label for the share of the largest.
 * @param {{ columns: Column[], rows: object[], caption: string, size: (row: object) => number }} props
 * The first column is the label. */
export function Ranking({ columns: [label, ...numbers], rows, caption, size }) {
  const most = Math.max(...rows.map(size), 0) || 1;
  const ranked = (row) => html`<div class="ranked">
    <span class="bar" aria-hidden="true" style=${{ width: `${(size(row) / most) * 100}%` }}></span>
    ${label.cell(row)}
  </div>`;
  const columns = [{ ...label, cell: ranked }, ...numbers];
  return html`<${Table} columns=${columns} rows=${rows} caption=${caption} />`;
}

// A small line without axes.

import { html } from './html.js';

const WIDTH = 60;
const HEIGHT = 20;

/** @param {{ values: (number | null)[] }} props */
export function Sparkline({ values }) {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return html`<svg class="sparkline" width=${WIDTH} height=${HEIGHT} aria-hidden="true"></svg>`;
  const most = Math.max(...known) || 1;
  const x = (place) => (place / (values.length - 1)) * WIDTH;
  const y = (value) => HEIGHT - 1 - (value / most) * (HEIGHT - 2);
  const points = values.flatMap((value, place) => (value === null ? [] : [`${x(place).toFixed(1)},${y(value).toFixed(1)}`]));
  return html`<svg class="sparkline" width=${WIDTH} height=${HEIGHT} aria-hidden="true">
    <polyline points=${points.join(' ')} />
  </svg>`;
}

// Countries on a map: the more of the first number, the stronger the colour. A click filters; arrow
// keys go from the country with the most to that with the fewest.

import { stepOf, STEPS } from '../../parts/heat.js';
import { html, useRef, useState } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { follow, link } from '../../state/address.js';
import { isFiltered, toggled, written } from '../../state/filters.js';
import { valueWords } from '../../text/dimensions.js';
import { METRICS } from '../../text/metrics.js';
import { t } from '../../text/words.js';
import { COUNTRIES, HEIGHT, WIDTH } from '../../vendor/world.mjs';

const MOVES = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

/** The step of colour of a number: they grow by squares, as few countries have most of the visits. */
const shadeOf = (number, most) => stepOf(Math.sqrt(number), Math.sqrt(most));

/** @param {{ rows: object[], tab: { numbers: string[] }, filters?: import('../../state/filters.js').Clause[] }} props
 * Rows have a country, and are in order. Without filters a click does nothing. */
export function WorldMap({ rows, tab: { numbers }, filters }) {
  const [code, setCode] = useState(null);
  const drawing = useRef(null);
  const [size] = numbers;
  const shown = rows.filter(({ country }) => Object.hasOwn(COUNTRIES, country));
  const most = Math.max(...shown.map((row) => row[size]), 1);
  const told = shown.find(({ country }) => country === code);
  const first = told ?? shown[0];
  const press = (event) => {
    const step = MOVES[event.key];
    if (!step || !first) return;
    event.preventDefault();
    const next = shown.at((shown.indexOf(first) + step) % shown.length);
    drawing.current.querySelector(`[data-country="${next.country}"]`).focus();
  };
  const area = (row) => html`<${Country}
    key=${row.country}
    ...${{ row, numbers, filters, tell: setCode }}
    step=${shadeOf(row[size], most)}
    isFirst=${row === first}
  />`;
  const others = Object.keys(COUNTRIES).filter((code) => !shown.some(({ country }) => country === code));
  return html`
    <svg
      class="map"
      ref=${drawing}
      viewBox=${`0 0 ${WIDTH} ${HEIGHT}`}
      role="group"
      aria-label=${t('{metric} by country: arrow keys go from the most to the fewest', { metric: METRICS[size].words })}
      onKeyDown=${press}
      onMouseLeave=${() => setCode(null)}
    >
      <path d=${others.map((code) => COUNTRIES[code]).join('')} />
      ${shown.map(area)}
    </svg>
    ${told ? html`<${Told} row=${told} numbers=${numbers} />` : html`<${Legend} most=${most} show=${METRICS[size].show} />`}
  `;
}

const wordsOf = (row, numbers) =>
  `${valueWords('country', row.country)}: ${numbers.map((key) => `${METRICS[key].words} ${METRICS[key].show(row[key])}`).join(', ')}`;

function Country({ row, step, numbers, filters, isFirst, tell }) {
  const { country } = row;
  const words = wordsOf(row, numbers);
  const show = () => tell(country);
  const told = { 'data-country': country, tabindex: isFirst ? 0 : -1, 'aria-label': words, onFocus: show, onMouseEnter: show };
  const area = html`<path class=${`step-${step}`} d=${COUNTRIES[country]} />`;
  if (!filters) return html`<g role="img" ...${told}>${area}</g>`;
  return html`<a
    ...${told}
    href=${link(written(toggled(filters, 'country', country)))}
    aria-current=${isFiltered(filters, 'country', country) ? 'true' : null}
    onClick=${follow}
  >${area}</a>`;
}

/** The country under the pointer. */
const Told = ({ row, numbers }) => html`<p class="told">
  <${Label} dimension="country" value=${row.country} />
  ${numbers.map((key) => html`<span key=${key}><span class="muted">${METRICS[key].words}</span> ${METRICS[key].show(row[key])}</span>`)}
</p>`;

/** What the colours mean: the largest number of each. */
function Legend({ most, show }) {
  const largest = (step) => Math.max(1, Math.floor(most * (step / STEPS) ** 2));
  const steps = Array.from({ length: STEPS }, (_, place) => place + 1);
  const distinct = steps.filter((step) => step === STEPS || largest(step) < largest(step + 1));
  return html`<p class="told muted">
    ${distinct.map((step) => html`<span class="key" key=${step}><span class=${`swatch step-${step}`}></span> ≤ ${show(largest(step))}</span>`)}
  </p>`;
}

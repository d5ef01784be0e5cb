// The columns of cards and details, from the names of the API's columns.

import { Change } from '../../parts/change.js';
import { html } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { timezone } from '../../state/site.js';
import { dimensionWords } from '../../text/dimensions.js';
import { CLOCK, DAY, capital, dates } from '../../text/format.js';
import { METRICS } from '../../text/metrics.js';
import { t } from '../../text/words.js';
import { segmentOf } from './points.js';

const moment = dates(timezone, { ...DAY, ...CLOCK });

const TEXTS = {
  name: [t('Event'), String],
  category: [t('Kind'), (value) => capital(value.replaceAll('-', ' '))],
  last_seen: [t('Last seen'), moment],
};

/** The words for labels that are no dimension. */
const LABELS = { bot: t('Bot'), value: t('Value') };

/** The column that names a row. @param {import('./cards.js').Tab} tab */
export function labelColumn({ label, dimension }, filters) {
  const named = dimension ?? label;
  return {
    key: label,
    words: dimension ? dimensionWords(dimension) : (LABELS[label] ?? capital(label)),
    cell: (row) => html`<${Label} dimension=${named} value=${row[label]} filters=${dimension && filters} />`,
  };
}

/** The column of a number alone. */
export function valueColumn(key) {
  const { words, means, show } = METRICS[key];
  return { key, words, means, number: true, cell: (row) => show(row[key]) };
}

/** The column of the same number of the segment that is compared with. */
export function segmentColumn(key, query) {
  const { show } = METRICS[key];
  const cell = (row) => html`<span class="muted">${show(row.comparison?.[key]?.value ?? null)}</span>`;
  return { key: 'segment', words: t('Compared'), means: segmentOf(query), number: true, cell };
}

/** The column of a number, with its change where the row has a comparison. */
export function numberColumn(key) {
  if (key in TEXTS) {
    const [words, write] = TEXTS[key];
    return { key, words, number: true, cell: (row) => write(row[key]) };
  }
  const { words, means, show, fewerIsBetter } = METRICS[key];
  const cell = (row) => {
    const then = row.comparison?.[key];
    const was = then && t('{value} in the comparison', { value: show(then.value) });
    const isKnown = then && then.ratio !== null;
    return html`${show(row[key])}${isKnown && html` <${Change} ratio=${then.ratio} fewerIsBetter=${fewerIsBetter} title=${was} />`}`;
  };
  return { key, words, means, number: true, cell };
}

// The search in details: a filter on the dimension of the rows, beside those of the view.

import { filterOf } from '../../state/filters.js';
import { DIMENSIONS } from '../../text/dimensions.js';

/** The parameter for a text that rows contain; {} without a text. */
export function searched({ report, dimension }, { filters }, text) {
  if (!text) return {};
  if (report === 'values') return { q: text };
  const clauses = JSON.parse(filterOf(filters) || '[]');
  return { filters: JSON.stringify([...clauses, clauseFor(dimension, text)]) };
}

/** Countries are stored as codes, and searched by their names. */
function clauseFor(dimension, text) {
  const codes = dimension === 'country' ? countriesWith(text.toLowerCase()) : [];
  if (codes.length) return ['is', 'country', codes];
  return ['contains', dimension, [text], { case_sensitive: false }];
}

function countriesWith(text) {
  const { write } = DIMENSIONS.country;
  const letters = Array.from({ length: 26 }, (_, place) => String.fromCharCode(65 + place));
  const codes = letters.flatMap((a) => letters.map((b) => a + b));
  const found = codes.filter((code) => write(code) !== code && write(code).toLowerCase().includes(text));
  return found.slice(0, 100);
}

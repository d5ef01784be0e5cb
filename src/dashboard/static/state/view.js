// The view: range, comparison, filters and width of buckets, as the address has them.

import { changed, go, here, useAddress } from './address.js';
import { BY_NAME, compared, comparisonOf, DEFAULT_COMPARISON } from './comparisons.js';
import { todayIn } from './days.js';
import { filterOf, filtersOf, written } from './filters.js';
import { asked, DEFAULT_PERIOD, defaultInterval, intervalsOf, rangeOf } from './periods.js';
import { remember, remembered } from './remembered.js';
import { site, timezone } from './site.js';

/** @typedef {object} View
 * @property {string} today the local day of the site
 * @property {import('./periods.js').Range} range
 * @property {import('./comparisons.js').Comparison} comparison
 * @property {import('./filters.js').Clause[]} filters
 * @property {string} interval
 * @property {Record<string, unknown>} common the parameters of the API for site, range and filters
 * @property {Record<string, unknown>} compared those for the comparison */

/** @param {URLSearchParams} params @returns {View} */
export function viewOf(params) {
  const today = todayIn(timezone);
  const range = rangeOf(params);
  const comparison = comparisonOf(params, range);
  const filters = filtersOf(params);
  const filter = filterOf(filters);
  return {
    today,
    range,
    comparison,
    filters,
    interval: intervalOf(params, range, today),
    common: { site, ...asked(range), ...(filter && { filters: filter }) },
    compared: compared(comparison),
  };
}

function intervalOf(params, range, today) {
  const wanted = params.get('interval');
  return intervalsOf(range, today).includes(wanted) ? wanted : defaultInterval(range, today);
}

/** The view; the component is drawn again when it changes. @returns {View} */
export const useView = () => viewOf(useAddress());

/** Chooses a range, and remembers it if it is one by name. @param {object} choice as of `choice` */
export function chooseRange(choice) {
  if (choice.period !== 'custom') remember({ period: choice.period });
  go({ from: null, to: null, interval: null, ...choice });
}

/** Chooses a comparison, and remembers it if it is one by name. */
export function chooseComparison(compare, from = null, to = null) {
  if (BY_NAME.includes(compare)) remember({ compare });
  go({ compare, compare_from: from, compare_to: to, compare_f: null });
}

/** Compares with the visits of the same range that these clauses hold for. */
export function compareWith(segment) {
  go({ compare: 'segment', compare_from: null, compare_to: null, ...written(segment, 'compare_f') });
}

/** Writes the choices of the last visit into an address without any, so that a link to what is seen
 *  shows the same to everybody. */
export function begin() {
  const params = here();
  const last = remembered();
  const isRange = params.has('period') || params.has('from');
  const period = isRange ? params.get('period') : (last.period ?? DEFAULT_PERIOD);
  const compare = params.get('compare') ?? last.compare ?? DEFAULT_COMPARISON;
  go({ period: rangeOf(changed({ period })).period, compare }, { replace: true });
}

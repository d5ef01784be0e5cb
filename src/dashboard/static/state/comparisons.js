// What a view is compared with: another range, or other visits of the same range.

import { t } from '../text/words.js';
import { isMoment } from './days.js';
import { filterOf, filtersOf } from './filters.js';

/** By name: the words. */
export const COMPARISONS = {
  off: t('No comparison'),
  previous: t('Previous period'),
  previous_weekdays: t('Previous, same weekdays'),
  year: t('Year before'),
  year_weekdays: t('Year before, same weekdays'),
  custom: t('Custom days'),
  segment: t('Segment'),
};

/** Those that need nothing but their name, and are remembered. */
export const BY_NAME = Object.keys(COMPARISONS).filter((name) => !['custom', 'segment'].includes(name));

export const DEFAULT_COMPARISON = 'previous';

/** @typedef {{ compare: string, compareFrom?: string, compareTo?: string,
 *   segment?: import('./filters.js').Clause[] }} Comparison A segment without clauses is all visits. */

/** The comparison that parameters of an address name.
 * @param {URLSearchParams} params @returns {Comparison} */
export function comparisonOf(params, range) {
  const compare = params.get('compare') ?? DEFAULT_COMPARISON;
  const [compareFrom, compareTo] = [params.get('compare_from'), params.get('compare_to')];
  if (compare === 'segment') return { compare, segment: filtersOf(params, 'compare_f') };
  if (range.period === 'all') return { compare: 'off' }; // nothing is before it
  if (compare === 'custom' && isMoment(compareFrom) && isMoment(compareTo) && compareFrom <= compareTo) {
    return { compare, compareFrom, compareTo };
  }
  return { compare: BY_NAME.includes(compare) ? compare : DEFAULT_COMPARISON };
}

/** The parameters of the API for a comparison. @param {Comparison} comparison */
export function compared({ compare, compareFrom, compareTo, segment }) {
  if (compare === 'off') return {};
  if (compare === 'segment') {
    const filter = filterOf(segment);
    return { compare, ...(filter && { compare_filters: filter }) };
  }
  return compare === 'custom'
    ? { compare, compare_from: compareFrom, compare_to: compareTo }
    : { compare };
}

// What a range is compared with.

import { t } from '../text/words.js';
import { isMoment } from './days.js';

/** By name: the words. */
export const COMPARISONS = {
  off: t('No comparison'),
  previous: t('Previous period'),
  year: t('Year before'),
  custom: t('Custom days'),
};

export const DEFAULT_COMPARISON = 'previous';

/** @typedef {{ compare: string, compareFrom?: string, compareTo?: string }} Comparison */

/** The comparison that parameters of an address name.
 * @param {URLSearchParams} params @returns {Comparison} */
export function comparisonOf(params, range) {
  const compare = params.get('compare') ?? DEFAULT_COMPARISON;
  const [compareFrom, compareTo] = [params.get('compare_from'), params.get('compare_to')];
  if (range.period === 'all') return { compare: 'off' }; // nothing is before it
  if (compare === 'custom' && isMoment(compareFrom) && isMoment(compareTo) && compareFrom <= compareTo) {
    return { compare, compareFrom, compareTo };
  }
  const isNamed = Object.hasOwn(COMPARISONS, compare) && compare !== 'custom';
  return { compare: isNamed ? compare : DEFAULT_COMPARISON };
}

/** The parameters of the API for a comparison. @param {Comparison} comparison */
export function compared({ compare, compareFrom, compareTo }) {
  if (compare === 'off') return {};
  return compare === 'custom'
    ? { compare, compare_from: compareFrom, compare_to: compareTo }
    : { compare };
}

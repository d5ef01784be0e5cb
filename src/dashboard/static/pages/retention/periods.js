// Cohorts as they are shown: only periods of which some cohort has a number, and one that is not over.

import { dates } from '../../text/format.js';
import { t } from '../../text/words.js';

/** @typedef {{ cohort: string, size: number, retained: (number | null)[], rates: (number | null)[] }} Cohort */

const known = (numbers) => numbers.filter((value) => value !== null).length;

/** The cohorts of an answer, without the periods that nobody has reached yet. @returns {Cohort[]} */
export function shown({ rows, query: { periods } }) {
  const most = Math.min(periods, Math.max(0, ...rows.map(({ rates }) => known(rates))) + 1);
  return rows.map(({ rates, retained, ...row }) => ({
    ...row,
    rates: rates.slice(0, most),
    retained: retained.slice(0, most),
  }));
}

/** How many of all visitors were there in each period, of the cohorts for which it is over.
 * @param {Cohort[]} cohorts @returns {(number | null)[]} */
export function means(cohorts) {
  return cohorts[0].rates.map((_, period) => {
    const over = cohorts.filter(({ rates }) => rates[period] !== null);
    const size = over.reduce((sum, cohort) => sum + cohort.size, 0);
    return size ? over.reduce((sum, { retained }) => sum + retained[period], 0) / size : null;
  });
}

const day = dates('UTC', { month: 'short', day: 'numeric', year: 'numeric' });
const month = dates('UTC', { month: 'long', year: 'numeric' });

/** The words for an interval. */
export const INTERVALS = { day: t('Day'), week: t('Week'), month: t('Month') };

/** The words for a cohort. */
export const cohortWords = (cohort, interval) => (interval === 'month' ? month : day)(`${cohort}T00:00Z`);

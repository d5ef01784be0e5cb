// What the tiles show: the headline numbers of every site, and those of sites with goals or orders.

import { useEffect } from '../../parts/html.js';
import { remember, remembered } from '../../state/remembered.js';
import { METRICS, revenueIn } from '../../text/metrics.js';

/** Those of every site, by the columns of the report timeseries. */
export const OF_ALL_SITES = ['visitors', 'visits', 'pageviews', 'views_per_visit', 'bounce_rate', 'visit_duration_seconds'];

/** @typedef {import('../../api/reports.js').Result} Result
 * @typedef {{ name: string, result: Result, metric: import('../../text/metrics.js').Metric }} Headline
 * The name is the column of the result's answer. */

/** The headline numbers of the page. Whether a site has goals and orders is remembered, so that
 *  nothing jumps when its answer comes, or when a filter leaves no order.
 * @param {Result} series @param {Result} conversions @returns {Headline[]} */
export function useHeadlines(series, conversions) {
  const { goals, currency } = useKnown(conversions.answer?.totals);
  const made = (name, result, metric = METRICS[name]) => ({ name, result, metric });
  if (conversions.error) return OF_ALL_SITES.map((name) => made(name, series));
  return [
    ...OF_ALL_SITES.map((name) => made(name, series)),
    ...(goals ? [made('conversion_rate', conversions)] : []),
    ...(currency ? [made('revenue', conversions, revenueIn(currency))] : []),
  ];
}

/** Whether there are goals, and the currency of orders; '' for no. */
function useKnown(totals) {
  const last = remembered();
  const goals = totals ? (totals.goals && 'yes') || '' : last.goals;
  const currency = totals?.currency ?? last.currency;
  useEffect(() => {
    if (totals && (goals !== last.goals || currency !== last.currency)) remember({ goals, currency });
  }, [goals, currency]);
  return { goals, currency };
}

// The numbers of reports by their column: words, how they are written, which way is good.

import { briefMoney, compact, count, decimal, duration, money, percent } from './format.js';
import { t } from './words.js';

/** @typedef {object} Metric
 * @property {string} words
 * @property {string} means one sentence
 * @property {(value: number | null) => string} show the whole value
 * @property {(value: number | null) => string} brief where there is little room
 * @property {'count' | 'decimal' | 'share' | 'seconds'} scale
 * @property {boolean} [fewerIsBetter] */

const counted = (words, means) => ({ words, means, show: count, brief: compact, scale: 'count' });
const rate = (words, means) => ({ words, means, show: percent, brief: percent, scale: 'share' });
const time = (words, means) => ({ words, means, show: duration, brief: duration, scale: 'seconds' });

/** @type {Record<string, Metric>} */
export const METRICS = {
  visitors: counted(t('Visitors'), t('Distinct visitors.')),
  visits: counted(t('Visits'), t('Visits that began in the range.')),
  pageviews: counted(t('Page views'), t('Pages that were viewed.')),
  views_per_visit: {
    words: t('Views per visit'),
    means: t('Page views of the visits / visits.'),
    show: decimal,
    brief: decimal,
    scale: 'decimal',
  },
  bounce_rate: {
    ...rate(t('Bounce rate'), t('Visits with one page view and no custom event / visits with a page view.')),
    fewerIsBetter: true,
  },
  visit_duration_seconds: time(
    t('Visit duration'),
    t('Mean time from the first event of a visit to the end of the last.'),
  ),
  share: rate(t('Share'), t('Visits with this value / all visits.')),
  entries: counted(t('Entries'), t('Visits that began on the page.')),
  exits: counted(t('Exits'), t('Visits that ended on the page.')),
  exit_rate: rate(t('Exit rate'), t('Exits / page views.')),
  time_on_page_seconds: time(t('Time on page'), t('Mean time per page view.')),
  scroll_depth: rate(t('Scroll depth'), t('Mean of the largest part of the page that was in sight, by page view.')),
  engaged_seconds: time(t('Engaged time'), t('Mean time per page view in which the page was in use.')),
  custom_events: counted(t('Events'), t('How often it happened.')),
  conversions: counted(t('Conversions'), t('Events that reached the goal.')),
  conversion_rate: rate(t('Conversion rate'), t('Visitors who reached a goal, or did this / all visitors.')),
  events: counted(t('Requests'), t('Requests that were sent as events.')),
  pages: counted(t('Pages'), t('Different pages.')),
  count: counted(t('Count'), t('Visits with the value; for pages and titles, page views.')),
};

/** The amounts in a currency, and its metric; amounts are written with it. @returns {Metric} */
export const revenueIn = (currency) => ({
  words: t('Revenue'),
  means: t('Sum of the amounts of all orders.'),
  show: money(currency),
  brief: briefMoney(currency),
  scale: 'count',
});

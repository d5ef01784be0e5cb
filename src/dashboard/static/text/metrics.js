// The numbers of reports by their column: words, how they are written, which way is good.

import { compact, count, decimal, duration, percent } from './format.js';

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
  visitors: counted('Visitors', 'Distinct visitors.'),
  visits: counted('Visits', 'Visits that began in the range.'),
  pageviews: counted('Page views', 'Pages that were viewed.'),
  views_per_visit: {
    words: 'Views per visit',
    means: 'Page views of the visits / visits.',
    show: decimal,
    brief: decimal,
    scale: 'decimal',
  },
  bounce_rate: {
    ...rate('Bounce rate', 'Visits with one page view and no custom event / visits with a page view.'),
    fewerIsBetter: true,
  },
  visit_duration_seconds: time('Visit duration', 'Mean time from the first event of a visit to the end of the last.'),
  share: rate('Share', 'Visits with this value / all visits.'),
  entries: counted('Entries', 'Visits that began on the page.'),
  exits: counted('Exits', 'Visits that ended on the page.'),
  exit_rate: rate('Exit rate', 'Exits / page views.'),
  time_on_page_seconds: time('Time on page', 'Mean time per page view.'),
  scroll_depth: rate('Scroll depth', 'Mean of the largest part of the page that was in sight, by page view.'),
  engaged_seconds: time('Engaged time', 'Mean time per page view in which the page was in use.'),
  custom_events: counted('Events', 'How often it happened.'),
  conversions: counted('Conversions', 'Events that reached the goal.'),
  conversion_rate: rate('Conversion rate', 'Visitors who did this / all visitors.'),
  events: counted('Requests', 'Requests that were sent as events.'),
  pages: counted('Pages', 'Different pages.'),
  count: counted('Count', 'Visits with the value; for pages and titles, page views.'),
};

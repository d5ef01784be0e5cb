// What can be asked instead of a query for expired raw data, as the API lists it.

import { localTime, todayIn } from './days.js';
import { timezone } from './site.js';
import { moment } from '../text/format.js';
import { t } from '../text/words.js';

const RESETS = {
  filters: [t('Without the filters'), { f: null }],
  compare: [t('Without the comparison'), { compare: 'off', compare_from: null, compare_to: null, compare_f: null }],
};
const RANGE = ['from', 'to', 'hours', 'days', 'period', 'compare_from', 'compare_to', 'compare_filters'];

/** The words for a change of a query and the changes of the address that make it; null for one that
 *  the address has no parameter for. @param {string} change a query string */
export function instead(change) {
  const asked = Object.fromEntries(new URLSearchParams(change));
  const others = Object.keys(asked).filter((key) => !RANGE.includes(key));
  if (!others.every((key) => key in RESETS)) return null;
  const parts = others.map((key) => RESETS[key]);
  if (asked.from) parts.unshift(rangeFrom(asked));
  if (!parts.length) return null;
  return {
    words: parts.map(([words]) => words).join(', '),
    changes: Object.assign({}, ...parts.map(([, changes]) => changes)),
  };
}

function rangeFrom({ from, to }) {
  const first = localTime(from, timezone);
  const isMidnight = first.endsWith('T00:00');
  const last = to ? localTime(to, timezone) : null;
  const isDays = isMidnight && !last;
  const changes = isDays
    ? { period: 'custom', from: first.slice(0, 10), to: todayIn(timezone) }
    : { period: 'custom', from: first, to: last ?? localTime(Date.now(), timezone) };
  return [t('From {day} on', { day: moment(changes.from) }), { ...changes, interval: null }];
}

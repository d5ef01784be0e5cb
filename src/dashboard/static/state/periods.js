// Periods: what can be chosen, what is asked of the API for it, what lies before and after.

import { t } from '../text/words.js';
import { addDays, daysIn, endOfMonth, isMoment, minutesIn, monthFrom, shifted, startOfWeek } from './days.js';

/** @typedef {{ period: string, from?: string, to?: string }} Range
 * A period by name; or 'custom' with days (both included) or local times (the end is excluded). */

const lastDays = (number) => (today) => [addDays(today, 1 - number), today];
const lastMonths = (number) => (today) => [monthFrom(today, 1 - number), today];

/** By name: the words, the key of the keyboard, and the days if it is one of days. */
export const PERIODS = {
  today: { words: t('Today'), key: 'd', days: (today) => [today, today] },
  yesterday: { words: t('Yesterday'), key: 'e', days: (today) => [addDays(today, -1), addDays(today, -1)] },
  '24h': { words: t('Last 24 hours'), key: 'h' },
  '7d': { words: t('Last 7 days'), key: 'w', days: lastDays(7) },
  '30d': { words: t('Last 30 days'), key: 't', days: lastDays(30) },
  '90d': { words: t('Last 90 days'), key: 'n', days: lastDays(90) },
  mtd: { words: t('Month to date'), key: 'm', days: lastMonths(1) },
  lastmonth: {
    words: t('Last month'),
    key: 'p',
    days: (today) => [monthFrom(today, -1), endOfMonth(monthFrom(today, -1))],
  },
  '6mo': { words: t('Last 6 months'), key: 's', days: lastMonths(6) },
  '12mo': { words: t('Last 12 months'), key: 'l', days: lastMonths(12) },
  ytd: { words: t('Year to date'), key: 'y', days: (today) => [`${today.slice(0, 4)}-01-01`, today] },
  all: { words: t('All time'), key: 'a' },
};

export const DEFAULT_PERIOD = '30d';

/** The range that parameters of an address name; the default for any that make no sense.
 * @param {URLSearchParams} params @returns {Range} */
export function rangeOf(params) {
  const period = params.get('period');
  const [from, to] = [params.get('from'), params.get('to')];
  const isRange = isMoment(from) && isMoment(to) && from.length === to.length && from <= to;
  if (isRange && (!period || period === 'custom')) return { period: 'custom', from, to };
  return { period: Object.hasOwn(PERIODS, period ?? '') ? period : DEFAULT_PERIOD };
}

/** The days of a range, [first, last]; null where it is not one of days. */
export function daysOf({ period, from, to }, today) {
  if (period === 'custom') return from.length === 10 ? [from, to] : null;
  return PERIODS[period].days?.(today) ?? null;
}

/** The parameters of the API for a range. */
export function asked({ period, from, to }) {
  if (period === 'custom') return { from, to };
  if (period === '24h') return { hours: 24 };
  return { period };
}

/** Parameters of an address for these days: a period by name where they are one. */
export function choice(from, to, today) {
  const named = Object.entries(PERIODS).find(([, { days }]) => {
    const [first, last] = days?.(today) ?? [];
    return first === from && last === to;
  });
  return named
    ? { period: named[0], from: null, to: null }
    : { period: 'custom', from, to };
}

/** The parameters for the range as long before (-1) or after (1); null where there is none. */
export function neighbour(range, steps, today) {
  const days = daysOf(range, today);
  if (!days) return range.period === 'custom' ? neighbourOfTimes(range, steps) : null;
  const [from, to] = neighbourOfDays(days, steps, today);
  return from > today ? null : choice(from, to > today ? today : to, today);
}

function neighbourOfTimes({ from, to }, steps) {
  const [first, last] = shifted(from, to, steps);
  return { period: 'custom', from: first, to: last };
}

/** Whole calendar months stay whole, however long they are; other days move by their number. */
function neighbourOfDays([from, to], steps, today) {
  const isMonths = from.endsWith('-01') && from !== to && [endOfMonth(to), today].includes(to);
  const months = monthsIn(from, to);
  if (!isMonths) return [from, to].map((day) => addDays(day, steps * daysIn(from, to)));
  const first = monthFrom(from, steps * months);
  return [first, endOfMonth(monthFrom(first, months - 1))];
}

function monthsIn(from, to) {
  const [a, b] = [from, to].map((day) => day.slice(0, 4) * 12 + Number(day.slice(5, 7)));
  return b - a + 1;
}

const INTERVALS = { minute: 1, hour: 60, day: 1440, week: 10_080, month: 43_200 };
const LONGEST = { minute: 1440, hour: 31 * 1440, day: 800 * 1440, week: Infinity, month: Infinity };

/** Minutes of a range; null where the calendar alone does not tell. */
function length(range, today) {
  if (range.period === '24h') return 1440;
  const days = daysOf(range, today);
  if (days) return daysIn(...days) * 1440;
  return range.period === 'custom' ? minutesIn(range.from, range.to) : null;
}

/** The widths of buckets that suit a range, the finest first. */
export function intervalsOf(range, today) {
  const minutes = length(range, today);
  if (minutes === null) return ['day', 'week', 'month'];
  const fits = (name) => minutes <= LONGEST[name] && minutes >= INTERVALS[name] * 2;
  const found = Object.keys(INTERVALS).filter(fits);
  return found.length ? found : ['minute'];
}

/** The width of buckets to begin with: some 24 to 90 of them. */
export function defaultInterval(range, today) {
  const minutes = length(range, today) ?? 400 * 1440;
  const wanted = [['minute', 180], ['hour', 3 * 1440], ['day', 93 * 1440], ['week', 400 * 1440]];
  const found = wanted.find(([, longest]) => minutes <= longest)?.[0] ?? 'month';
  const allowed = intervalsOf(range, today);
  return allowed.includes(found) ? found : allowed[0];
}

const UNITS = { day: 1, week: 7 };

/** The parameters for a range as somebody typed it; null for a text that is none.
 *  'last 3 weeks', 'this month', 'last year', '2026', '2026-03', '2026-03-01 to 2026-03-09'. */
export function typed(text, today) {
  const words = text.trim().toLowerCase();
  const days = typedWords(words, today) ?? typedDates(words);
  if (!days) return null;
  const [from, to] = days;
  return from > to || from > today ? null : choice(from, to > today ? today : to, today);
}

function typedWords(words, today) {
  if (words === 'today' || words === 'yesterday') return PERIODS[words].days(today);
  const last = /^(?:last|past) (\d{1,4}) (day|week|month|year)s?$/.exec(words);
  if (last) return lastUnits(Number(last[1]), last[2], today);
  const one = /^(this|last) (week|month|year)$/.exec(words);
  return one && calendarUnit(one[2], one[1] === 'last' ? -1 : 0, today);
}

function lastUnits(number, unit, today) {
  if (!number) return null;
  if (unit in UNITS) return lastDays(number * UNITS[unit])(today);
  return lastMonths(number * (unit === 'year' ? 12 : 1))(today);
}

function calendarUnit(unit, steps, today) {
  if (unit === 'week') {
    const monday = addDays(startOfWeek(today), steps * 7);
    return [monday, addDays(monday, 6)];
  }
  const start = unit === 'month' ? monthFrom(today, steps) : `${today.slice(0, 4) - -steps}-01-01`;
  return [start, endOfMonth(monthFrom(start, unit === 'month' ? 0 : 11))];
}

function typedDates(words) {
  const [first, last = first, ...more] = words.split(/\s+(?:to|-|–|until)\s+/);
  const [from, to] = [startOf(first), endOf(last)];
  return from && to && !more.length ? [from, to] : null;
}

const complete = (text) => text + '-01-01'.slice(Math.max(0, text.length - 4));
const startOf = (text) => (isMoment(complete(text)) ? complete(text) : null);

function endOf(text) {
  const start = startOf(text);
  if (!start || text.length === 10) return start;
  return endOfMonth(text.length === 7 ? start : monthFrom(start, 11));
}

// The points of the chart, from an answer of the report timeseries.

import { segmentWords } from '../../frame/pills.js';
import { clausesOf } from '../../state/filters.js';
import { addDays, floored, localTime, monthFrom, startOfWeek } from '../../state/days.js';
import { CLOCK, DAY, dates } from '../../text/format.js';
import { t } from '../../text/words.js';

/** Whether a day lies in the bucket that begins on another. */
const HOLDS = {
  week: (start, day) => day >= start && day < addDays(start, 7),
  month: (start, day) => day.slice(0, 7) === start.slice(0, 7),
};

/** The points with the texts of the notes of their days; of hours and minutes the first of the day has
 *  them. @param {{ day: string, text: string }[]} notes */
export function noted(points, notes, { interval, timezone }) {
  const holds = HOLDS[interval] ?? ((start, day) => start === day);
  const starts = points.map(({ time }) => localTime(time, timezone).slice(0, 10));
  const texts = new Map();
  for (const { day, text } of notes) {
    const place = starts.findIndex((start) => holds(start, day));
    texts.set(place, [...(texts.get(place) ?? []), text]);
  }
  return points.map((point, place) => ({ ...point, notes: texts.get(place) ?? [] }));
}

/** A series has no views per visit, which is the ratio of two that it has. */
function valueOf(metric, read) {
  if (metric !== 'views_per_visit') return read(metric);
  return read('visits') ? read('pageviews') / read('visits') : null;
}

/** @param {object} answer @param {string} metric
 * @returns {(import('../../parts/timechart.js').Point & { title: string, titleBefore: string })[]} */
export function pointsOf({ rows, query, comparison }, metric) {
  const { interval, timezone } = query;
  const isFine = ['minute', 'hour'].includes(interval);
  const mark = dates(timezone, interval === 'month' ? { month: 'short', year: '2-digit' } : DAY);
  const clock = dates(timezone, CLOCK);
  const ends = [query.from, query.to, ...(comparison ? [comparison.from] : [])];
  const years = new Set(ends.map((time) => localTime(time, timezone).slice(0, 4)));
  const year = years.size > 1 ? { year: 'numeric' } : {};
  const title = titles(interval, timezone, year);
  const then = comparison && (query.compare === 'segment' ? () => segmentOf(query) : timesFrom(comparison.from, interval, timezone, year));
  const isLong = isFine && rows.length && mark(rows[0].time) !== mark(rows.at(-1).time);
  return rows.map((row, place) => ({
    time: row.time,
    value: valueOf(metric, (key) => row[key]),
    before: comparison ? valueOf(metric, (key) => row.comparison?.[key]?.value ?? null) : null,
    complete: row.complete,
    mark: markOf(row.time),
    title: title(row.time),
    titleBefore: then ? then(place) : '',
  }));

  function markOf(time) {
    if (!isFine) return mark(time);
    return isLong && clock(time) === '00:00' ? mark(time) : clock(time);
  }
}

/** The words for the segment that a query is compared with. */
export const segmentOf = ({ compare_filters: filter }) => segmentWords(clausesOf(filter || '[]') ?? []);

function titles(interval, timezone, year) {
  if (interval === 'month') return dates(timezone, { month: 'long', year: 'numeric' });
  const day = { ...DAY, ...year };
  const week = dates(timezone, day);
  if (interval === 'week') return (time) => t('Week of {day}', { day: week(time) });
  return dates(timezone, { weekday: 'short', ...day, ...(interval === 'day' ? {} : CLOCK) });
}

const MINUTES = { minute: 1, hour: 60 };

/** The title of the bucket at a place of the comparison, which begins at an instant. */
function timesFrom(from, interval, timezone, year) {
  const title = titles(interval, interval in MINUTES ? timezone : 'UTC', year);
  if (interval in MINUTES) {
    const start = floored(from, MINUTES[interval], timezone);
    return (place) => title(start + place * MINUTES[interval] * 60_000);
  }
  const day = localTime(from, timezone).slice(0, 10);
  const starts = {
    day: (place) => addDays(day, place),
    week: (place) => addDays(startOfWeek(day), 7 * place),
    month: (place) => monthFrom(day, place),
  };
  return (place) => title(`${starts[interval](place)}T00:00Z`);
}

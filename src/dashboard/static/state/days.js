// Calendar days and local times as text: '2026-03-29' and '2026-03-29T02:30'. Pure functions.

const DAY = 86_400_000;
const MINUTE = 60_000;

const atUtc = (moment) => Date.parse(moment.length > 10 ? `${moment}Z` : `${moment}T00:00Z`);
const dayOf = (time) => new Date(time).toISOString().slice(0, 10);
const minuteOf = (time) => new Date(time).toISOString().slice(0, 16);

/** Whether this text is a day, or a local time to the minute, that exists. */
export function isMoment(text) {
  if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d)?$/.test(text ?? '')) return false;
  const time = atUtc(text);
  return !Number.isNaN(time) && (text.length > 10 ? minuteOf(time) : dayOf(time)) === text;
}

export const isDay = (text) => isMoment(text) && text.length === 10;

/** Today in a time zone. */
export function todayIn(timeZone, now = new Date()) {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit' };
  return new Intl.DateTimeFormat('en-CA', { timeZone, ...parts }).format(now);
}

/** The local time of an instant, to the minute. */
export function localTime(instant, timeZone) {
  const parts = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' };
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', ...parts });
  return format.format(new Date(instant)).replace(', ', 'T');
}

/** The time of the local minute, or full hour, that an instant lies in. */
export function floored(instant, minutes, timeZone) {
  const past = Number(localTime(instant, timeZone).slice(14)) % minutes;
  return Math.floor(Date.parse(instant) / MINUTE - past) * MINUTE;
}

export const addDays = (day, number) => dayOf(atUtc(day) + number * DAY);

/** Days from one to another, both included. */
export const daysIn = (from, to) => Math.round((atUtc(to) - atUtc(from)) / DAY) + 1;

/** The first day of a month, so many months from the one of this day. */
export function monthFrom(day, number) {
  const [year, month] = day.split('-').map(Number);
  return dayOf(Date.UTC(year, month - 1 + number, 1));
}

export const endOfMonth = (day) => addDays(monthFrom(day, 1), -1);

/** The first day of the week of a day; Monday is 1, as in ISO 8601. */
export function startOfWeek(day, first = 1) {
  const weekday = new Date(atUtc(day)).getUTCDay() || 7;
  return addDays(day, -((weekday - first + 7) % 7));
}

/** A local time, so many of its own lengths later. */
export function shifted(from, to, steps) {
  const length = atUtc(to) - atUtc(from);
  return [minuteOf(atUtc(from) + steps * length), minuteOf(atUtc(to) + steps * length)];
}

/** Minutes between two local times. */
export const minutesIn = (from, to) => (atUtc(to) - atUtc(from)) / MINUTE;

// How numbers, spans of time, dates and places are written, by the reader's locale.

const LOCALE = navigator.languages?.[0] ?? 'en';
const UNKNOWN = '–';

const writer = (options) => {
  const format = new Intl.NumberFormat(LOCALE, options);
  return (value) => (value === null || value === undefined ? UNKNOWN : format.format(value));
};

export const count = writer({ maximumFractionDigits: 0 });
export const decimal = writer({ maximumFractionDigits: 2 });
export const percent = writer({ style: 'percent', maximumFractionDigits: 1 });
const short = writer({ notation: 'compact', maximumSignificantDigits: 3 });

const SHORT_FROM = 100_000;

/** A number that has little room: 12.3M. */
export const compact = (value) => (value >= SHORT_FROM ? short(value) : count(value));

export const plural = (number, one) => `${count(number)} ${one}${number === 1 ? '' : 's'}`;

/** The change to a value, from the ratio now / then: '+12%'. */
export const change = writer({ style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' });

export function duration(value) {
  if (value === null || value === undefined) return UNKNOWN;
  const seconds = Math.round(value);
  const minutes = Math.floor(seconds / 60);
  if (minutes > 59) return `${count(Math.floor(minutes / 60))}h ${minutes % 60}m`;
  return minutes ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}

export const DAY = { month: 'short', day: 'numeric' };
export const CLOCK = { hour: '2-digit', minute: '2-digit' };

/** Writes instants in a time zone. */
export function dates(timeZone, parts) {
  const format = new Intl.DateTimeFormat(LOCALE, { timeZone, hourCycle: 'h23', ...parts });
  return (time) => format.format(new Date(time));
}

/** An instant in the time zone of the reader: its day, and with the time of day. */
export const ownDay = dates(undefined, { ...DAY, year: 'numeric' });
export const ownMoment = dates(undefined, { ...DAY, year: 'numeric', ...CLOCK });

const day = dates('UTC', { ...DAY, year: 'numeric' });
const minute = dates('UTC', { ...DAY, ...CLOCK });

/** A calendar day, or a local time to the minute, as of state/days.js. */
export const moment = (text) => (text.length > 10 ? minute(`${text}Z`) : day(`${text}T00:00Z`));

/** A range of such moments. */
export const span = (from, to) => (from === to ? moment(from) : `${moment(from)} – ${moment(to)}`);

/** The first day of a week there, 1 is Monday; Monday where the browser does not know. */
export function firstWeekday() {
  const locale = new Intl.Locale(LOCALE);
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}

const countries = new Intl.DisplayNames(LOCALE, { type: 'region' });
const languages = new Intl.DisplayNames(LOCALE, { type: 'language', fallback: 'none' });
const isCountry = (code) => /^[A-Z]{2}$/.test(code);

export const country = (code) => (isCountry(code) ? countries.of(code) : 'Unknown');

/** The name of a language by its tag, e.g. en-US; the tag itself where it is none. */
export function language(tag) {
  try {
    return languages.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// How numbers, spans of time, dates and places are written, in the reader's locale.

import { lang, t } from './words.js';

/** That of the reader's locales whose words are those of the page. */
const LOCALE = navigator.languages?.find((tag) => tag.split('-')[0] === lang) ?? lang;
const UNKNOWN = '–';

const writer = (options) => {
  const format = new Intl.NumberFormat(LOCALE, options);
  return (value) => (value === null || value === undefined ? UNKNOWN : format.format(value));
};

export const count = writer({ maximumFractionDigits: 0 });
export const decimal = writer({ maximumFractionDigits: 2 });
export const percent = writer({ style: 'percent', maximumFractionDigits: 1 });
const BRIEF = { notation: 'compact', maximumSignificantDigits: 3 };
const short = writer(BRIEF);

const SHORT_FROM = 100_000;

/** A number that has little room: 12.3M. */
export const compact = (value) => (value >= SHORT_FROM ? short(value) : count(value));

/** A number of things: '1 event', '5 events'. @param {string} one the thing in English */
export const plural = (number, one) => t(number === 1 ? `{n} ${one}` : `{n} ${one}s`, { n: count(number) });

/** Writes amounts of a currency (ISO 4217). */
export const money = (currency) => writer({ style: 'currency', currency });

/** Writes them where there is little room: without cents, €12.3M. */
export function briefMoney(currency) {
  const style = { style: 'currency', currency };
  const whole = writer({ ...style, maximumFractionDigits: 0 });
  const brief = writer({ ...style, ...BRIEF });
  return (value) => (value >= SHORT_FROM ? brief : whole)(value);
}

/** The change to a value, from the ratio now / then: '+12%'. */
export const change = writer({ style: 'percent', maximumFractionDigits: 0, signDisplay: 'exceptZero' });

export function duration(value) {
  if (value === null || value === undefined) return UNKNOWN;
  const seconds = Math.round(value);
  const minutes = Math.floor(seconds / 60);
  if (minutes > 59) return t('{h}h {m}m', { h: count(Math.floor(minutes / 60)), m: minutes % 60 });
  return minutes ? t('{m}m {s}s', { m: minutes, s: seconds % 60 }) : t('{s}s', { s: seconds });
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
  const locale = new Intl.Locale(navigator.languages?.[0] ?? LOCALE);
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}

const countries = new Intl.DisplayNames(LOCALE, { type: 'region' });
const languages = new Intl.DisplayNames(LOCALE, { type: 'language', fallback: 'none' });
const isCountry = (code) => /^[A-Z]{2}$/.test(code);

export const country = (code) => (isCountry(code) ? countries.of(code) : t('Unknown'));

/** The name of a language by its tag, e.g. en-US; the tag itself where it is none. */
export function language(tag) {
  try {
    return languages.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// The dimensions: their words, and how their values are written.

import { capital, country, language } from './format.js';
import { t } from './words.js';

/** By key: the words, what an empty value is called, how others are written. */
export const DIMENSIONS = {
  page: { words: t('Page'), empty: t('(no page)') },
  entry_page: { words: t('Entry page'), empty: t('(no page)') },
  exit_page: { words: t('Exit page'), empty: t('(no page)') },
  hostname: { words: t('Hostname') },
  title: { words: t('Title'), empty: t('(no title)') },
  channel: { words: t('Channel') },
  source: { words: t('Source'), empty: t('Direct / none') },
  referrer: { words: t('Referrer'), empty: t('Direct / none') },
  campaign: { words: t('Campaign'), empty: t('(no campaign)') },
  medium: { words: t('Medium'), empty: t('(no medium)') },
  content: { words: t('Content'), empty: t('(no content)') },
  term: { words: t('Term'), empty: t('(no term)') },
  country: { words: t('Country'), write: country, sign: String }, // not every system has flags
  region: { words: t('Region') },
  city: { words: t('City') },
  device: { words: t('Device'), write: capital },
  browser: { words: t('Browser') },
  browser_version: { words: t('Browser version') },
  os: { words: t('Operating system') },
  os_version: { words: t('OS version') },
  screen: { words: t('Screen') },
  language: { words: t('Language'), write: language },
  visitor_type: { words: t('Visitor'), write: capital },
  event: { words: t('Event') },
  goal: { words: t('Goal') },
  currency: { words: t('Currency') },
  weekday: { words: t('Weekday') },
  hour: { words: t('Hour') },
};

/** The words for a dimension; a property of events is called by its name. */
export const dimensionWords = (key) =>
  DIMENSIONS[key]?.words ?? (key.startsWith('props:') ? t('Property {name}', { name: key.slice(6) }) : key);

/** A value as it is shown. */
export function valueWords(key, value) {
  const { empty = t('Unknown'), write = String } = DIMENSIONS[key] ?? {};
  return value ? write(value) : empty;
}

/** A sign before the value, e.g. the code of a country; '' for none. */
export const valueSign = (key, value) => DIMENSIONS[key]?.sign?.(value) ?? '';

/** Dimensions whose values are paths, which are cut in the middle. */
export const isPath = (key) => ['page', 'entry_page', 'exit_page'].includes(key);

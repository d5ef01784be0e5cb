// The dimensions: their words, and how their values are written.

import { capital, country, language } from './format.js';

/** By key: the words, what an empty value is called, how others are written. */
export const DIMENSIONS = {
  page: { words: 'Page', empty: '(no page)' },
  entry_page: { words: 'Entry page', empty: '(no page)' },
  exit_page: { words: 'Exit page', empty: '(no page)' },
  hostname: { words: 'Hostname' },
  title: { words: 'Title', empty: '(no title)' },
  channel: { words: 'Channel' },
  source: { words: 'Source', empty: 'Direct / none' },
  referrer: { words: 'Referrer', empty: 'Direct / none' },
  campaign: { words: 'Campaign', empty: '(no campaign)' },
  medium: { words: 'Medium', empty: '(no medium)' },
  content: { words: 'Content', empty: '(no content)' },
  term: { words: 'Term', empty: '(no term)' },
  country: { words: 'Country', write: country, sign: String }, // not every system has flags
  region: { words: 'Region' },
  city: { words: 'City' },
  device: { words: 'Device', write: capital },
  browser: { words: 'Browser' },
  browser_version: { words: 'Browser version' },
  os: { words: 'Operating system' },
  os_version: { words: 'OS version' },
  screen: { words: 'Screen' },
  language: { words: 'Language', write: language },
  visitor_type: { words: 'Visitor', write: capital },
  event: { words: 'Event' },
  goal: { words: 'Goal' },
  currency: { words: 'Currency' },
  weekday: { words: 'Weekday' },
  hour: { words: 'Hour' },
};

/** The words for a dimension; a property of events is called by its name. */
export const dimensionWords = (key) =>
  DIMENSIONS[key]?.words ?? (key.startsWith('props:') ? `Property ${key.slice(6)}` : key);

/** A value as it is shown. */
export function valueWords(key, value) {
  const { empty = 'Unknown', write = String } = DIMENSIONS[key] ?? {};
  return value ? write(value) : empty;
}

/** A sign before the value, e.g. the code of a country; '' for none. */
export const valueSign = (key, value) => DIMENSIONS[key]?.sign?.(value) ?? '';

/** Dimensions whose values are paths, which are cut in the middle. */
export const isPath = (key) => ['page', 'entry_page', 'exit_page'].includes(key);

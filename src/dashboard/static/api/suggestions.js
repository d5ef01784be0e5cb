// Pages and names of events that the range has, for fields in which somebody picks one.

import { useEffect, useState } from '../parts/html.js';
import { get } from './client.js';

const WAIT = 150;
const SHOWN = 8;
const PAGE_VIEW = 'pageview';
const ENGAGEMENT = 'engagement';

/** @typedef {{ dimension: 'page' | 'event', value: string, count: number }} Suggestion */

const asSuggestions = (dimension) => ({ rows }) =>
  rows
    .map(({ [dimension]: value, count }) => ({ dimension, value, count }))
    .filter(({ value }) => value && ![PAGE_VIEW, ENGAGEMENT].includes(value));

/** The most frequent values that contain a text. Asked while `isOpen`.
 * @param {('page' | 'event')[]} dimensions @returns {Suggestion[]} */
export function useSuggestions(dimensions, { common: { filters: _, ...range } }, text, isOpen) {
  const [found, setFound] = useState([]);
  useEffect(() => {
    if (!isOpen) return undefined;
    const abort = new AbortController();
    const ask = (dimension) =>
      get('analytics/values', { ...range, dimension, q: text, limit: SHOWN }, abort.signal)
        .then(asSuggestions(dimension), () => []);
    const timer = setTimeout(async () => {
      const rows = (await Promise.all(dimensions.map(ask))).flat();
      if (!abort.signal.aborted) setFound(rows);
    }, text ? WAIT : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [JSON.stringify([dimensions, range, text, isOpen])]);
  return found;
}

// Steps of funnels, and conditions of goals: as the API takes them, and in words.

import { t } from './words.js';

/** What the API takes for an event of this name. Text that it would read as a page or as JSON is
 *  written as an object. */
export const eventStep = (name) => (/^[/*{]/.test(name) ? JSON.stringify({ event: name }) : name);

/** What the API takes for a suggestion. @param {import('../api/suggestions.js').Suggestion} one */
export const stepOf = ({ dimension, value }) => (dimension === 'event' ? eventStep(value) : value);

/** A condition in words. */
export function conditionWords({ goal, event, page, props }) {
  const isView = page && event === 'pageview';
  const what = goal ? [t('goal {name}', { name: goal })] : [isView ? '' : event, page].filter(Boolean);
  const facts = Object.entries(props ?? {}).map(([key, value]) => `${key} = ${value}`);
  return [...[what.join(t(' on '))], ...facts].filter(Boolean).join(', ');
}

/** A step in words. */
export function stepWords(text) {
  if (!text.startsWith('{')) return text;
  try {
    return conditionWords(JSON.parse(text)) || text;
  } catch {
    return text;
  }
}

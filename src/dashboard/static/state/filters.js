// Filters: clauses that must all hold. In the address each is `f=is,country,DE,AT`; those of the
// segment that the view is compared with are `compare_f=…`.

import { t } from '../text/words.js';

/** @typedef {{ operator: string, dimension: string, values: string[] }} Clause
 * It holds if the operator does for any of the values. */

/** By name: the words between a dimension and its values. */
export const OPERATORS = {
  is: t('is'),
  is_not: t('is not'),
  contains: t('contains'),
  contains_not: t('does not contain'),
  matches_wildcard: t('matches'),
  matches_wildcard_not: t('does not match'),
};

const MOST_VALUES = 100;

/** The parameters of an address that hold clauses. @typedef {'f' | 'compare_f'} List */

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The clauses of addresses that were read: one that is edited is found again by what it is. */
const read = new WeakMap();

/** The clauses in an address; those that make no sense are left out.
 * @param {URLSearchParams} params @param {List} list @returns {Clause[]} */
export function filtersOf(params, list = 'f') {
  if (!read.has(params)) read.set(params, { f: clausesIn(params, 'f'), compare_f: clausesIn(params, 'compare_f') });
  return read.get(params)[list];
}

function clausesIn(params, list) {
  return params
    .getAll(list)
    .map((text) => text.split(',').map(decoded))
    .filter(([operator, dimension, ...values]) => OPERATORS[operator] && dimension && values.length)
    .map(([operator, dimension, ...values]) => ({ operator, dimension, values }));
}

/** A comma parts values, so one in a value is escaped, and so is the sign of the escape. */
const escaped = (text) => text.replace(/[%,]/g, encodeURIComponent);

/** The parameters of an address for clauses. @param {Clause[]} clauses @param {List} list */
export const written = (clauses, list = 'f') => ({
  [list]: clauses.map(({ operator, dimension, values }) =>
    [operator, dimension, ...values].map(escaped).join(','),
  ),
});

/** The filter of the API for clauses; '' for none. @param {Clause[]} clauses */
export function filterOf(clauses) {
  const made = clauses.map(({ operator, dimension, values }) => [operator, dimension, values]);
  return made.length ? JSON.stringify(made) : '';
}

const isClause = (part) =>
  Array.isArray(part) &&
  part.length === 3 &&
  part[0] in OPERATORS &&
  typeof part[1] === 'string' &&
  Array.isArray(part[2]);

/** The clauses of a filter of the API; null for one that has other parts (groups, `has_done`).
 * @param {string} filter @returns {Clause[] | null} */
export function clausesOf(filter) {
  const parts = JSON.parse(filter);
  if (!parts.every(isClause)) return null;
  return parts.map(([operator, dimension, values]) => ({ operator, dimension, values: values.map(String) }));
}

/** Clauses with a row's value: beside others of the dimension if there are any; without it if it
 *  was there. @param {Clause[]} clauses @returns {Clause[]} */
export function toggled(clauses, dimension, value) {
  const found = clauses.find((clause) => clause.operator === 'is' && clause.dimension === dimension);
  if (!found) return [...clauses, { operator: 'is', dimension, values: [value] }];
  const values = found.values.includes(value)
    ? found.values.filter((one) => one !== value)
    : [...found.values, value].slice(0, MOST_VALUES);
  return replaced(clauses, found, values.length ? { ...found, values } : null);
}

/** Clauses with one replaced; without it for null. @returns {Clause[]} */
export const replaced = (clauses, old, made) =>
  clauses.flatMap((clause) => (clause === old ? (made ?? []) : clause));

/** The clause with the opposite operator. @param {Clause} clause @returns {Clause} */
export function inverted({ operator, ...rest }) {
  const opposite = operator.endsWith('_not') ? operator.slice(0, -4) : `${operator}_not`;
  return { operator: opposite, ...rest };
}

/** Whether the clauses ask for this value. */
export const isFiltered = (clauses, dimension, value) =>
  clauses.some(
    (clause) =>
      clause.operator === 'is' && clause.dimension === dimension && clause.values.includes(value),
  );

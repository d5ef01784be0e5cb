// The search in details. Values that are shown in other words than they are stored (countries,
// languages) are few: all are asked, and searched here. Others are searched by the database.

import { filterOf } from '../../state/filters.js';
import { DIMENSIONS, valueWords } from '../../text/dimensions.js';

const ALL = 1000;

const isTranslated = ({ dimension }) => Boolean(DIMENSIONS[dimension]?.write);

/** The parameters for a text that rows contain; {} without a text. */
export function searched(tab, { filters }, text) {
  if (!text) return {};
  if (isTranslated(tab)) return { limit: ALL, offset: 0 };
  if (tab.report === 'values') return { q: text };
  const clauses = JSON.parse(filterOf(filters) || '[]');
  const clause = ['contains', tab.dimension, [text], { case_sensitive: false }];
  return { filters: JSON.stringify([...clauses, clause]) };
}

/** The rows of an answer that contain the text. */
export function found(tab, rows, text) {
  if (!text || !isTranslated(tab)) return rows;
  const contains = (value) => valueWords(tab.dimension, value).toLowerCase().includes(text.toLowerCase());
  return rows.filter((row) => contains(row[tab.label]));
}

// The words of notifications.

import { capital, plural } from './format.js';
import { t } from './words.js';

/** What was imported, by the source of a notice; any other is the name of a product. */
const SOURCES = { log: t('access logs'), archive: t('an archive') };

/** What a notification says, by its kind: a line for each kind of api/notifications/models.py. */
const WORDS = {
  job_done: ({ report }) => t('The job “{report}” is done', { report }),
  job_failed: ({ report, error }) => t('The job “{report}” failed: {error}', { report, error }),
  alert_fired: ({ name }) => t('Alert “{name}”', { name }),
  goal_reached: ({ goal }) => t('The goal “{goal}” was reached for the first time', { goal }),
  board_changed: ({ name, by }) => t('{by} changed the board “{name}”', { by, name }),
  import_done: ({ source, rows }) =>
    t('Imported: {source}, {rows}', { source: SOURCES[source] ?? capital(source), rows: plural(rows, 'row') }),
  export_done: ({ rows }) => t('Exported: {rows}', { rows: plural(rows, 'row') }),
};

/** @param {{ kind: string, data: object }} notification */
export const wordsOf = ({ kind, data }) => WORDS[kind]?.(data) ?? kind.replaceAll('_', ' ');

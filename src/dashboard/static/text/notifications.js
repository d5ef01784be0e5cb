// The words of notifications.

import { t } from './words.js';

/** What a notification says, by its kind: a line for each kind of api/notifications/models.py. */
const WORDS = {
  job_done: ({ report }) => t('The job “{report}” is done', { report }),
  job_failed: ({ report, error }) => t('The job “{report}” failed: {error}', { report, error }),
  alert_fired: ({ name }) => t('Alert “{name}”', { name }),
  goal_reached: ({ goal }) => t('The goal “{goal}” was reached for the first time', { goal }),
  board_changed: ({ name, by }) => t('{by} changed the board “{name}”', { by, name }),
};

/** @param {{ kind: string, data: object }} notification */
export const wordsOf = ({ kind, data }) => WORDS[kind]?.(data) ?? kind.replaceAll('_', ' ');

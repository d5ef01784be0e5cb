// The words of notifications.

/** What a notification says, by its kind: a line for each kind of api/notifications/models.py. */
const WORDS = {
  job_done: ({ report }) => `The job “${report}” is done`,
  job_failed: ({ report, error }) => `The job “${report}” failed: ${error}`,
  alert_fired: ({ name }) => `Alert “${name}”`,
  goal_reached: ({ goal }) => `The goal “${goal}” was reached for the first time`,
  board_changed: ({ name, by }) => `${by} changed the board “${name}”`,
};

/** @param {{ kind: string, data: object }} notification */
export const wordsOf = ({ kind, data }) => WORDS[kind]?.(data) ?? kind.replaceAll('_', ' ');

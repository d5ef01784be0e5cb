// Everything that can go wrong with a question, as an error with words for people.

import { t } from '../text/words.js';

const WORDS = {
  UNAVAILABLE: t('The database did not answer in time. Nothing is lost.'),
  FAULT: t('The service made a mistake. Nothing is lost; its log has the details.'),
  UNREACHABLE: t('The service cannot be reached. Nothing is lost.'),
  INCOMPLETE: t('The answer broke off. Nothing is lost.'),
};

/** A question that was not answered. */
export class Refusal extends Error {
  /** @param {string} code as in docs/api.md, or UNREACHABLE, INCOMPLETE
   * @param {string} [detail] @param {string[]} [instead] changes of the query that can be answered
   * @param {{ where: string, problem: string, allowed?: string[] }[]} [problems] what is wrong where */
  constructor(code, detail, instead = [], problems = []) {
    super(WORDS[code] ?? detail ?? WORDS.FAULT);
    this.code = code;
    this.instead = instead;
    this.problems = problems;
  }

  /** Whether to log in may help. */
  get needsLogin() {
    return this.code === 'UNAUTHENTICATED';
  }
}

/** The refusal in the body of an answer. */
export const refusalOf = ({ error, detail, instead, problems }) => new Refusal(error ?? 'FAULT', detail, instead, problems);

/** The refusal for what `fetch` threw; an abort stays what it is. */
export const unreachable = (error) =>
  error.name === 'AbortError' ? error : new Refusal('UNREACHABLE');

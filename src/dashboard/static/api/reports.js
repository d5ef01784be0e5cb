// The reports of a page: only what changed is asked again, in one request; old answers stay until
// new ones come; what nobody needs any more is aborted.

import { useEffect, useReducer, useRef } from '../parts/html.js';
import { batch } from './client.js';
import { Refusal } from './refusals.js';

/** @typedef {object} Result
 * @property {object | null} answer the newest answer; while loading, the one before
 * @property {Refusal | null} error
 * @property {boolean} loading */

const NOTHING = { answer: null, error: null, loading: true };

/** Two answers of one shape have the same columns, so that one may stand for the other. */
const shapeOf = ({ report, dimension, property }) => [report, dimension, property].join();

class Reports {
  constructor(draw) {
    this.draw = draw;
    /** @type {Map<string, Result & { key: string }>} */
    this.results = new Map();
    this.turns = new Set();
    this.queries = {};
  }

  /** Asks those of the queries that are not asked yet. */
  ask(queries) {
    this.queries = queries;
    const changed = Object.entries(queries)
      .map(([id, query]) => ({ ...query, id, key: JSON.stringify(query) }))
      .filter(({ id, key }) => key !== this.results.get(id)?.key);
    if (!changed.length) return;
    for (const { id, key } of changed) {
      const answer = this.before(id, queries[id]);
      this.results.set(id, { key, answer, shape: shapeOf(queries[id]), error: null, loading: true });
    }
    this.abortStale();
    this.run(changed);
    this.draw();
  }

  /** The answer that may be shown until the one to this query is there. */
  before(id, query) {
    const { shape, answer } = this.results.get(id) ?? NOTHING;
    return shape === shapeOf(query) ? answer : null;
  }

  /** Asks again what failed. */
  retry() {
    for (const [id, { error }] of this.results) if (error) this.results.delete(id);
    this.ask(this.queries);
  }

  async run(asked) {
    const turn = { asked, abort: new AbortController() };
    const keys = new Map(asked.map(({ id, key }) => [id, key]));
    const tell = (id, found) => this.tell(id, keys.get(id), found);
    this.turns.add(turn);
    try {
      await batch(asked.map(({ key, ...query }) => query), tell, turn.abort.signal);
      for (const { id, key } of asked) this.leave(id, key, new Refusal('INCOMPLETE'));
    } catch (error) {
      for (const { id, key } of asked) this.leave(id, key, error);
    }
    this.turns.delete(turn);
  }

  tell(id, key, found) {
    const old = this.results.get(id);
    if (key !== old?.key) return;
    const isError = found instanceof Error;
    const news = isError ? { error: found, answer: null } : { answer: found };
    this.results.set(id, { ...old, ...news, loading: false });
    this.draw();
  }

  /** Gives a query up that was not answered. */
  leave(id, key, error) {
    if (this.results.get(id)?.loading) this.tell(id, key, error);
  }

  /** Aborts the requests all of whose answers are out of date. */
  abortStale() {
    for (const { asked, abort } of this.turns) {
      if (asked.every(({ id, key }) => this.results.get(id)?.key !== key)) abort.abort();
    }
  }

  stop() {
    this.results.clear();
    this.abortStale();
  }
}

/** The results of queries by id. A query is a report's name and its parameters; one of null is not
 *  asked.
 * @param {Record<string, { report: string } | null>} queries
 * @returns {{ of: (id: string) => Result, retry: () => void }} */
export function useReports(queries) {
  const [, draw] = useReducer((count) => count + 1, 0);
  const kept = useRef(null);
  kept.current ??= new Reports(draw);
  const reports = kept.current;
  const asked = Object.fromEntries(Object.entries(queries).filter(([, query]) => query));
  useEffect(() => reports.ask(asked), [JSON.stringify(asked)]);
  useEffect(() => {
    const retry = () => reports.retry();
    addEventListener('online', retry);
    return () => {
      removeEventListener('online', retry);
      reports.stop();
    };
  }, []);
  return { of: (id) => resultOf(reports, id, asked[id]), retry: () => reports.retry() };
}

/** A result as it is to be drawn: one to another query is on its way out already. */
function resultOf(reports, id, query) {
  const result = reports.results.get(id);
  if (!query || !result) return NOTHING;
  return result.key === JSON.stringify(query) ? result : { ...NOTHING, answer: reports.before(id, query) };
}

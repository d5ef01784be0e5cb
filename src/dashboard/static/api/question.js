// One question that is not a report of the batch: asked again when it changes.

import { useEffect, useReducer, useRef } from '../parts/html.js';
import { get } from './client.js';

const NOTHING = { answer: null, error: null, loading: true };

/** The result of a GET; a path of null is not asked. With `keep` the answer to the question before
 *  is shown until the new one is there.
 * @param {string | null} path below /api/ @param {import('./client.js').Params} params
 * @returns {import('./reports.js').Result & { retry: () => void }} */
export function useQuestion(path, params, { keep = false } = {}) {
  const [turn, again] = useReducer((count) => count + 1, 0);
  const [, draw] = useReducer((count) => count + 1, 0);
  const result = useRef(NOTHING);
  const key = JSON.stringify([path, params, turn]);
  useEffect(() => {
    if (!path) return undefined;
    const abort = new AbortController();
    const tell = (found) => {
      result.current = { ...NOTHING, ...found, loading: false, key };
      draw();
    };
    get(path, params, abort.signal).then(
      (answer) => tell({ answer }),
      (error) => error.name === 'AbortError' || tell({ error }),
    );
    return () => abort.abort();
  }, [key]);
  const isNew = result.current.key === key;
  const shown = isNew ? result.current : { ...NOTHING, answer: keep ? result.current.answer : null };
  return { ...shown, retry: again };
}

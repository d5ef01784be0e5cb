// One question that is not a report of the batch: asked again when it changes. Until a question that
// is only repeated is answered, the old answer stays.

import { useEffect, useReducer, useRef } from '../parts/html.js';
import { get } from './client.js';

const NOTHING = { answer: null, error: null, loading: true };

/** The result of a GET; a path of null is not asked.
 * @param {string | null} path below /api/ @param {import('./client.js').Params} params
 * @returns {import('./reports.js').Result & { retry: () => void }} */
export function useQuestion(path, params) {
  const [turn, again] = useReducer((count) => count + 1, 0);
  const [, draw] = useReducer((count) => count + 1, 0);
  const result = useRef(NOTHING);
  const asked = JSON.stringify([path, params]);
  const key = `${asked} ${turn}`;
  useEffect(() => {
    if (!path) return undefined;
    const abort = new AbortController();
    const tell = (found) => {
      result.current = { ...NOTHING, ...found, loading: false, asked, key };
      draw();
    };
    get(path, params, abort.signal).then(
      (answer) => tell({ answer }),
      (error) => error.name === 'AbortError' || tell({ error }),
    );
    return () => abort.abort();
  }, [key]);
  return { ...stateOf(result.current, asked, key), retry: again };
}

function stateOf(result, asked, key) {
  if (result.key === key) return result;
  return result.asked === asked ? { ...NOTHING, answer: result.answer } : NOTHING;
}

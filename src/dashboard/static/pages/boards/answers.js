// What the views of a board show: all asked in one request, and again when one of them is another.

import { answers } from '../../api/client.js';
import { Refusal } from '../../api/refusals.js';
import { useEffect, useReducer, useState } from '../../parts/html.js';

const NOTHING = { answer: null, error: null, loading: true };

/** Views with their ids, in an order that moving an item does not change. */
const viewsOf = ({ items }) => items.filter(({ view }) => view).map(({ id, view }) => [id, view]).sort(([a], [b]) => a - b);

/** Without what to ask instead, which would be about the address of another page. */
const plain = ({ code, message }) => new Refusal(code, message);

/** @param {{ id: number, items: object[] }} board
 * @returns {{ of: (id: number) => import('../../api/reports.js').Result, retry: () => void }} */
export function useAnswers(board) {
  const [results, setResults] = useState({});
  const [turn, again] = useReducer((count) => count + 1, 0);
  const views = viewsOf(board);
  useEffect(() => {
    if (!views.length) return undefined;
    const abort = new AbortController();
    const change = (made) => abort.signal.aborted || setResults((old) => ({ ...old, ...made(old) }));
    const tell = (id, found) =>
      change(() => ({ [id]: found instanceof Error ? { ...NOTHING, error: plain(found), loading: false } : { ...NOTHING, answer: found, loading: false } }));
    const leave = (error) => change((old) => refused(views, old, error));
    change((old) => Object.fromEntries(views.map(([id]) => [id, { ...NOTHING, answer: old[id]?.answer ?? null }])));
    answers(`boards/${board.id}/answers`, tell, abort.signal).then(() => leave(new Refusal('INCOMPLETE')), leave);
    return () => abort.abort();
  }, [JSON.stringify([board.id, views]), turn]);
  useEffect(() => {
    addEventListener('online', again);
    return () => removeEventListener('online', again);
  }, []);
  return { of: (id) => results[id] ?? NOTHING, retry: again };
}

/** The results of all views that were not answered. */
const refused = (views, old, error) =>
  Object.fromEntries(views.filter(([id]) => old[id]?.loading).map(([id]) => [id, { ...NOTHING, error: plain(error), loading: false }]));

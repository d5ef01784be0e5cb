// Questions to the API: one by GET, many by one POST whose answers come as they are ready.

import { authorized } from '../authorized.js';
import { Refusal, refusalOf, unreachable } from './refusals.js';

/** @typedef {Record<string, unknown>} Params A null is left out; a list is a repeated parameter. */

function pairs(params) {
  const some = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  return some.flatMap(([key, value]) => [value].flat().map((one) => [key, one]));
}

// Whoever clicks a link to CSV opens it in a spreadsheet, which would run what visitors sent.
const guarded = (params) => (params.format === 'csv' ? { ...params, csv: 'excel' } : params);

/** The address of an operation. @param {string} path below /api/ @param {Params} params */
export const address = (path, params) =>
  `/api/${path}?${new URLSearchParams(pairs(guarded(params)))}`;

const asked = (where, options) =>
  fetch(where, authorized(options)).catch((error) => {
    throw unreachable(error);
  });

async function refuse(response) {
  const body = await response.json().catch(() => ({}));
  throw refusalOf(body);
}

/** The JSON at a path. Throws a Refusal. @param {string} path @param {Params} params */
export async function get(path, params, signal) {
  const response = await asked(address(path, params), { signal });
  return response.ok ? response.json() : refuse(response);
}

/** Sends JSON. Throws a Refusal. */
export async function send(method, path, body) {
  const headers = { 'Content-Type': 'application/json' };
  const response = await asked(`/api/${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) await refuse(response);
  return response.status === 204 ? null : response.json();
}

/** The line with text that is not ended yet, and the lines before it. */
async function* lines(stream) {
  let rest = '';
  for await (const text of chunks(stream)) {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    yield* parts;
  }
}

async function* chunks(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** Asks many questions in one request, and tells each answer as it comes.
 * @param {{ id: string, report: string }[]} queries as of POST /api/analytics/batch
 * @param {(id: string, answer: object | Refusal) => void} tell once for each query that is answered
 * @returns {Promise<void>} Throws a Refusal for all that was not answered. */
export async function batch(queries, tell, signal) {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ queries });
  await tellLines(await asked('/api/analytics/batch', { method: 'POST', headers, body, signal }), tell);
}

/** Asks for the answers at a path, which come as those of a batch do. */
export async function answers(path, tell, signal) {
  await tellLines(await asked(`/api/${path}`, { signal }), tell);
}

async function tellLines(response, tell) {
  if (!response.ok) await refuse(response);
  try {
    for await (const line of lines(response.body)) {
      const { id, status, body: answer } = JSON.parse(line);
      tell(id, status === 200 ? answer : refusalOf(answer));
    }
  } catch (error) {
    throw error.name === 'AbortError' ? error : new Refusal('INCOMPLETE');
  }
}

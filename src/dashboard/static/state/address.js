// The address is the state of a page: what is not in it is lost with a reload, and not in a link.

import { useEffect, useReducer } from '../parts/html.js';
import { site } from './site.js';

/** @typedef {Record<string, string | string[] | null>} Changes Null or an empty list removes. */

const listeners = new Set();

let params = new URLSearchParams(location.search);

function show(changed) {
  params = changed;
  for (const listener of listeners) listener();
}

addEventListener('popstate', () => show(new URLSearchParams(location.search)));

/** The parameters as they are now. Never change them: see `go`. */
export const here = () => params;

/** These parameters with changes.
 * @param {Changes} changes @returns {URLSearchParams} */
export function changed(changes) {
  const made = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    made.delete(key);
    for (const one of [value ?? []].flat()) made.append(key, one);
  }
  if (site && !made.has('site')) made.set('site', site);
  return made;
}

/** Text for an address, in which slashes and commas stay readable. */
const written = (made) => `?${made}`.replaceAll('%2F', '/').replaceAll('%2C', ',');

/** The address of this page with changes, for a link. @param {Changes} changes */
export const link = (changes) => written(changed(changes));

/** Goes to this page with changes; the back button undoes it, unless they replace the entry.
 * @param {Changes} changes */
export function go(changes, { replace = false } = {}) {
  const made = changed(changes);
  const address = written(made);
  if (address === location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  show(made);
}

/** Follows a link to this page without a reload, unless a new tab or a download is wanted. */
export function follow(event) {
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
  if (!isPlain || event.button) return;
  event.preventDefault();
  const { href } = event.currentTarget;
  const address = new URL(href.baseVal ?? href, location.href).search; // in a drawing it is animated
  if (address !== location.search) history.pushState(null, '', address);
  show(new URLSearchParams(address));
}

/** The parameters; the component is drawn again when they change. @returns {URLSearchParams} */
export function useAddress() {
  const [, draw] = useReducer((count) => count + 1, 0);
  useEffect(() => {
    listeners.add(draw);
    return () => listeners.delete(draw);
  }, []);
  return params;
}

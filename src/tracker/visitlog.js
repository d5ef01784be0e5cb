// What the page calls.

/** The object that the page calls, always the same. Calls wait in `q` until the tracker runs. */
export function visitlog() {
  const own = (window.visitlog = window.visitlog || { q: [], track: (...call) => own.q.push(call) });
  // Another product of this name may come later: an array is what it takes for its own.
  window.analytics =
    window.analytics || Object.assign([], { track: (...call) => own.track(...call) });
  return own;
}

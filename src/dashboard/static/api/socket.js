// A WebSocket that is opened again whenever it is lost.

import { address } from './client.js';

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
const FORBIDDEN = 1008;

/** Watches a path: tells each message and what the connection is, 'live' or 'reconnecting'. Where the
 * login ended the page is loaded again, which asks for it.
 * @param {string} path below /api/ @param {import('./client.js').Params} params
 * @param {{ message: (data: string) => void, state: (state: string) => void }} tell
 * @returns {() => void} ends it */
export function watch(path, params, { message, state }) {
  let [failures, isEnded, socket, timer] = [0, false];
  const connect = () => {
    let opened = Infinity;
    socket = new WebSocket(socketAddress(path, params));
    socket.addEventListener('open', () => {
      opened = performance.now();
      state('live');
    });
    socket.addEventListener('message', ({ data }) => message(data));
    socket.addEventListener('close', ({ code }) => {
      if (isEnded) return;
      if (code === FORBIDDEN) location.reload();
      state('reconnecting');
      if (performance.now() - opened > LONGEST_WAIT) failures = 0;
      timer = setTimeout(connect, waitAfter(failures));
      failures += 1;
    });
  };
  connect();
  return () => {
    isEnded = true;
    clearTimeout(timer);
    socket.close();
  };
}

function socketAddress(path, params) {
  const found = new URL(address(path, params), location.href);
  found.protocol = found.protocol.replace('http', 'ws');
  return found;
}

/** Up to twice as long after each failure, at random: viewers must not all return at once. */
function waitAfter(failures) {
  const longest = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures);
  return longest * (0.5 + Math.random() / 2);
}

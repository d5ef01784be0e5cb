// A WebSocket that is opened again when it was lost.

const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30_000;
const FORBIDDEN = 1008;

/** Keeps a WebSocket open, also over a visit to another page and back. While the page is left it is
 * closed: browsers keep no page in memory that has one.
 * @param {string} path of the WebSocket, with its query
 * @param {{ message: (data: object) => void, lost?: () => void, forbidden?: () => void }} tell What it
 *   sends; that it was lost and is tried again; that it may not be read any more */
export function keepOpen(path, { message, lost, forbidden }) {
  let failures = 0;
  let socket = null;
  let timer = null;

  function connect() {
    const address = new URL(path, location.href);
    address.protocol = address.protocol.replace('http', 'ws');
    const opened = new WebSocket(address);
    socket = opened;
    opened.addEventListener('message', ({ data }) => {
      failures = 0;
      message(JSON.parse(data));
    });
    opened.addEventListener('close', ({ code }) => {
      if (socket !== opened) return;
      if (code === FORBIDDEN) {
        forbidden?.();
        return;
      }
      lost?.();
      timer = setTimeout(connect, nextWait(failures));
      failures += 1;
    });
  }

  addEventListener('pagehide', () => {
    const left = socket;
    socket = null;
    clearTimeout(timer);
    left?.close();
  });
  addEventListener('pageshow', ({ persisted }) => persisted && connect());
  connect();
}

/** Up to twice as long after each failure, at random: pages must not all return at once. */
const nextWait = (failures) =>
  Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + Math.random() / 2);

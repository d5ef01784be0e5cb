// Delivery. An event is stored, sent, and removed once the server has acknowledged it. Events that a page
// could not deliver are sent by the next page of the site with the same id, so they count once.

const KEY = 'analytics_queue';
const MOST_KEPT = 100; // the oldest go first
const MOST_SENT = 30; // at once: the server takes 1 MB, and 32 kB of each
const MOST_KEPT_ALIVE = 2e4; // browsers refuse 64 kB and more; a character may take three bytes
const FIRST_DELAY = 2e3; // milliseconds, doubled with each failure
const LONGEST_DELAY = 3e5;

let address;
let storage = {}; // stands in for localStorage where there is none
let queue = []; // events as JSON, those that are not on their way
let callbacks = [];
let timer;
let delay = 0; // until the next attempt: none while all is well

/** Sets the address for events, and sends what earlier pages could not deliver. */
export function connect(options, ignored) {
  address = options.api;
  try {
    storage = (!('memory' in options) && localStorage) || storage;
  } catch (e) {} // forbidden
  if (!ignored) queue = written();
}

/** Delivers an event, now or later. */
export function deliver(event) {
  const line = JSON.stringify(event);
  write([line], []);
  queue.push(line);
  schedule();
}

/** Calls back when there is nothing more to wait for. */
export function afterwards(callback) {
  if (delay || !queue[0]) setTimeout(() => callback());
  else callbacks.push(callback);
}

/** Sends waiting events. A page that is left gets no response, so the events that it sends stay stored. */
export async function flush(leaving) {
  clearTimeout(timer);
  timer = 0;
  const lines = queue.splice(0, MOST_SENT);
  if (!lines[0]) return;
  const heard = callbacks.splice(0);
  const status = await post(lines.join('\n'), leaving);
  if (status < 500 && status != 429) {
    write([], lines); // a refusal is final, too
    delay = 0;
  } else {
    queue = lines.concat(queue);
    if (!leaving) delay = Math.min(delay * 2 || FIRST_DELAY, LONGEST_DELAY);
  }
  if (queue[0]) schedule();
  heard.map(afterwards);
}

async function post(body, leaving) {
  try {
    if (leaving && navigator.sendBeacon && navigator.sendBeacon(address, body)) return;
    const answer = await fetch(address, {
      method: 'POST',
      keepalive: body.length < MOST_KEPT_ALIVE,
      credentials: 'omit',
      body, // as text/plain: JSON needs a CORS preflight
    });
    return answer.status;
  } catch (e) {}
}

// Events of one task are sent in one request.
function schedule() {
  timer = timer || setTimeout(flush, delay * (0.5 + Math.random()));
}

function written() {
  return (storage[KEY] || '').split('\n').filter((line) => line);
}

// Other tabs write to the same place, so it is read again before each change.
function write(added, done) {
  try {
    const lines = written().filter((line) => !done.includes(line)).concat(added).slice(-MOST_KEPT);
    if (lines[0]) storage[KEY] = lines.join('\n');
    else delete storage[KEY];
  } catch (e) {} // full
}

// Delivery. An event is stored, sent, and removed once the server has acknowledged it. Events that a page
// could not deliver are sent by the next page of the site with the same id, so they count once.

const MOST_KEPT = 100; // the oldest go first
const MOST_SENT = 30; // at once: the server takes 1 MB, and 32 kB of each
const MOST_KEPT_ALIVE = 2e4; // browsers refuse 64 kB and more; a character may take three bytes
const FIRST_DELAY = 2e3; // milliseconds, doubled with each failure
const LONGEST_DELAY = 3e5;
// Status and content type of a final answer: an acknowledgement, or a refusal of what was sent. Everything else may be
// the word of a proxy or a login page, and HTML that of a service worker or of a page that a redirect led to.
const FINAL = /^(2(?!.*html)|4(00|1[35]|22))/;

let address;
let key; // of what is stored for this site at this address
let storage = {}; // stands in for localStorage where there is none
let queue = []; // events as JSON, those that are not on their way
let timer;
let delay = 0; // until the next attempt: none while all is well

/** Sets the address for events, and sends what earlier pages could not deliver. */
export function connect(options, ignored) {
  address = options.api;
  key = ['visitlog', options.site, address];
  try {
    storage = (!('memory' in options) && localStorage) || storage;
  } catch (e) {} // forbidden
  if (!ignored) queue = written();
}

/** Delivers an event, now or later. */
export function deliver(event) {
  const line = JSON.stringify(event);
  write(line, []);
  queue.push(line);
  schedule();
}

/** Sends waiting events. A page that is left gets no answer, so the events that it sends stay stored. */
export async function flush() {
  timer = 0;
  const lines = queue.splice(0, MOST_SENT);
  if (!lines[0]) return;
  if (await post(lines)) {
    write([], lines);
    delay = 0;
  } else {
    queue = lines.concat(queue);
    delay = Math.min(delay * 2 || FIRST_DELAY, LONGEST_DELAY);
  }
  // After the longest delay, only a new event and the visitor's return are reasons to try again.
  if (queue[0] && delay < LONGEST_DELAY) schedule();
}

// Whether the answer is final.
async function post(lines) {
  // The server corrects the time of an event by that of sending, as clocks are wrong.
  const body = lines.map((line) => '{"sent_at":' + Date.now() + ',' + line.slice(1)).join('\n');
  try {
    const answer = await fetch(address, {
      method: 'POST',
      keepalive: body.length < MOST_KEPT_ALIVE, // survives the page
      credentials: 'omit',
      body, // as text/plain: JSON needs a CORS preflight
    });
    return FINAL.test(answer.status + answer.headers.get('content-type'));
  } catch (e) {}
}

// Events of one task are sent in one request.
function schedule() {
  timer = timer || setTimeout(flush, delay * (0.5 + Math.random()));
}

function written() {
  return (storage[key] || '').match(/.+/g) || [];
}

// Other tabs write to the same place, so it is read again before each change.
function write(added, done) {
  try {
    const lines = written().filter((line) => !done.includes(line)).concat(added).slice(-MOST_KEPT);
    if (lines[0]) storage[key] = lines.join('\n');
    else delete storage[key];
  } catch (e) {} // full
}

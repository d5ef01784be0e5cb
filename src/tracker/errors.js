// Errors in the scripts of the page that nobody caught. Each is told once a load, and not more than a few.

import { visitlog } from './visitlog.js';

const MOST_TOLD = 10;
const LONGEST = 2000; // characters of a message or a frame: the server keeps fewer
// The end of a line of a stack: https://a.example/app.js:10:5, in brackets or not.
const PLACE = /([^\s()@]+):(\d+):(\d+)\)?$/;
const OF_EXTENSION = /^[a-z-]+-extension:/;

const told = new Set();

/** Tells of errors and of promises that are rejected, from now on. */
export function observeErrors() {
  addEventListener('error', ({ message, error, filename, lineno, colno }) => {
    if (message) tell(error, message, [filename, lineno, colno]);
  });
  addEventListener('unhandledrejection', ({ reason }) => tell(reason, reason));
}

// No error in here may reach the page: it would be told, too.
function tell(error, message, place) {
  try {
    const { name, stack } = error || {};
    const text = name && error.message ? name + ': ' + error.message : String(message);
    const frame = frameOf(stack);
    const [, file, row, column] = PLACE.exec(frame) || [];
    const [source, line, position] = place && place[0] ? place : [file, row, column];
    send(text.slice(0, LONGEST), source, +line || undefined, +position || undefined, frame);
  } catch (e) {}
}

// The innermost call: the first line of a stack that has a place in a file.
function frameOf(stack) {
  const lines = String(stack || '').slice(0, 3 * LONGEST).split('\n');
  return (lines.find((line) => PLACE.test(line.slice(-LONGEST).trim())) || '').trim().slice(-LONGEST);
}

function send(message, source, line, column, frame) {
  const key = [message, source, line, column].join();
  if (OF_EXTENSION.test(source) || told.has(key) || told.size >= MOST_TOLD) return;
  told.add(key);
  visitlog().track('js_error', { props: { message, source, line, column, frame } });
}

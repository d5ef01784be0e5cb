// Web vitals, by the definitions of web.dev/articles/vitals. They are those of a load of the page, or of its return by
// the back button, and told once: when the page is hidden first. Navigation within the page has none of its own.

import { visitlog } from './visitlog.js';

const SESSION_GAP = 1000; // milliseconds between layout shifts that belong together,
const SESSION_MOST = 5000; // and from the first to the last of them
const SHORTEST = 40; // milliseconds of an event that may be a long interaction
const MOST_LONG = 10; // interactions of which durations are kept
const IGNORE_ONE_IN = 50; // the longest interaction of so many is an outlier
// Fragments that are no page: the root of a router, and values.
const NO_PAGE = /^#!?\/?$|.*=.*/;

const known = PerformanceObserver.supportedEntryTypes || [];
const observers = [];
const [load] = performance.getEntriesByType('navigation');
let address; // of the page when it was loaded, or came back
let begun; // when that was, on the clock of the entries
let hiddenAt; // after this nothing is measured that depends on being seen
let told; // whether this load has been told
let values; // by name
let session; // of layout shifts: value, first and last
let durations; // of interactions, by their ids
let counted; // interactions before this load

/** Measures the page from now on, and what the browser remembers. */
export function observeVitals() {
  if (!document.prerendering) measure();
  else document.addEventListener('prerenderingchange', measure, { once: true });
}

function measure() {
  begin((load && load.activationStart) || 0);
  if (load && load.responseStart) values.TTFB = Math.max(0, load.responseStart - begun);
  observe('paint', ({ name, startTime }) => {
    if (name == 'first-contentful-paint') seen('FCP', startTime);
  });
  observe('largest-contentful-paint', ({ startTime }) => seen('LCP', startTime));
  observe('layout-shift', shift);
  observe('first-input', interact);
  observe('event', interact, { durationThreshold: SHORTEST });
  addEventListener('visibilitychange', () => document.hidden && tell(), true);
  addEventListener('pagehide', tell, true); // Safari hides a page that is left without a word
  addEventListener('pageshow', ({ persisted, timeStamp }) => persisted && comeBack(timeStamp), true);
}

function begin(time) {
  const { href, search, hash } = location;
  address = { href, search, hash };
  begun = time;
  // A page that was in the background in between was not seen to load, whatever it is now.
  const [hidden] = performance
    .getEntriesByType('visibility-state')
    .filter(({ name, startTime }) => name == 'hidden' && startTime >= begun);
  hiddenAt = document.hidden ? begun : hidden ? hidden.startTime : Infinity;
  told = false;
  values = {};
  session = { value: 0 };
  durations = new Map();
  counted = performance.interactionCount || 0;
}

function observe(type, take, options) {
  if (!known.includes(type)) return;
  const all = (list) => list.getEntries().forEach(take);
  const observer = new PerformanceObserver(all);
  observer.observe(Object.assign({ type, buffered: true }, options));
  observers.push(() => observer.takeRecords().forEach(take));
}

// A paint that the visitor saw.
function seen(name, time) {
  if (time < hiddenAt) values[name] = Math.max(0, time - begun);
}

function shift({ value, startTime, hadRecentInput }) {
  if (hadRecentInput || startTime < begun) return;
  const goesOn = startTime - session.last < SESSION_GAP && startTime - session.first < SESSION_MOST;
  session = goesOn
    ? { value: session.value + value, first: session.first, last: startTime }
    : { value, first: startTime, last: startTime };
  values.CLS = Math.max(values.CLS || 0, session.value);
}

// The events of one interaction have one id.
function interact({ interactionId, duration, startTime }) {
  if (!interactionId || startTime < begun) return;
  durations.set(interactionId, Math.max(durations.get(interactionId) || 0, duration));
  if (durations.size <= MOST_LONG) return;
  const [[shortest]] = Array.from(durations).sort(([, a], [, b]) => a - b);
  durations.delete(shortest);
}

function longInteraction() {
  const count = (performance.interactionCount || 0) - counted;
  const ranked = Array.from(durations.values()).sort((a, b) => b - a);
  return ranked[Math.min(ranked.length - 1, Math.floor(count / IGNORE_ONE_IN))];
}

function tell() {
  if (told) return;
  observers.forEach((take) => take());
  told = true;
  // What was not seen to load has no vitals of it.
  if (!('FCP' in values)) for (const name of ['LCP', 'CLS']) delete values[name];
  else if (known.includes('layout-shift')) values.CLS = values.CLS || 0;
  values.INP = longInteraction();
  const page = pageAt(address, visitlog().on || {});
  const measured = Object.keys(values).filter((name) => values[name] >= 0);
  measured.forEach((name, index) => {
    const props = { name, value: Math.round(values[name] * 1e4) / 1e4 };
    // With a callback events are sent at once: the page may be gone in a moment.
    const callback = index == measured.length - 1 ? () => {} : undefined;
    visitlog().track('web_vital', { page, props, callback });
  });
}

// The page is shown as it was left: what is measured is how soon that is.
function comeBack(time) {
  begin(time);
  values.TTFB = 0;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      const now = performance.now();
      seen('FCP', now);
      seen('LCP', now);
    }),
  );
}

// As `here` of the tracker, which has no room to share it.
function pageAt({ href, search, hash }, options) {
  let page = href.split(/[?#]/)[0];
  if ('query' in options) page += search;
  if ('hash' in options) page += hash.split('?')[0].replace(NO_PAGE, '');
  return page;
}

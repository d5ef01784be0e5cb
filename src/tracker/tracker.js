// The tracker: page views, engagement and events. A page has one, started by a script tag or a module, whichever is first.

import { connect, flush } from './delivery.js';
import { ignored } from './ignored.js';
import { visitlog } from './visitlog.js';

// What the server reads of a query or a fragment; nothing else of a query is sent. A link may have &amp; for &.
const TAGS = /[?&#](amp;)?(utm_\w+|ref|source|[gw]braid|\w*clk?id|li_fat_id)=[^&#]*/gi;
// Fragments that are no page: the root of a router, and values.
const NO_PAGE = /^#!?\/?$|.*=.*/;
// Of the options of `track`; others are taken for props, and JSON leaves out a callback.
export const OPTIONS = /^(props|revenue|interactive|page|\w+_id)$/;
export const REVENUE = /^[-\d.]+[a-z]{3}$/i; // amount and currency
export const DEPTH = 3; // of props, at most
const MOST_SECONDS = 1800; // of a report: after a longer stretch the computer was asleep
const REPORT_EVERY = 9e5; // milliseconds
const LOOK_EVERY = 200;
const PATIENCE = 500; // routers set the title after the URL
const CALLBACK_WITHIN = 2e3;

let options;
let deliver;
let view = {}; // what its events share
let tags; // of its address, or of the one that it replaces
let waiting; // its own event, which waits for the title, or for a redirect
let engaged = 0; // milliseconds not yet reported
let since = 0; // start of the running stretch, if any
let lowest = 0; // the lowest pixel of the page that has been in sight,
let height = 0; // of so many

/** Starts the tracker, once a page, when the page is seen first: not in the background, nor while it is prerendered.
 * `tell` takes the page's calls, `deliverTo` the events. */
export function start(given, deliverTo, tell) {
  const own = visitlog();
  if (own.on) return;
  own.on = options = given;
  deliver = deliverTo;
  const run = safe(() => {
    connect(options, ignored(options));
    look();
    own.track = safe(tell);
    own.q.splice(0).map((call) => own.track(...call));
    // Capturing listeners run before the page handles an event or stops it.
    for (const type in listeners) addEventListener(type, safe(listeners[type]), true);
    setInterval(safe(report), REPORT_EVERY);
    if (window.navigation) navigation.addEventListener('currententrychange', look);
    else setInterval(look, LOOK_EVERY);
  });
  if (document.hidden) addEventListener('visibilitychange', run, { once: true });
  else run();
}

// The address may have changed: ends a view and begins the next.
const look = safe((change) => {
  const page = here();
  if (page == view.page) return;
  // A view that still waits and is replaced was a redirect: nobody saw it. Only the Navigation API tells.
  if (!(waiting && change && change.navigationType == 'replace')) {
    show();
    report();
    engaged = lowest = 0;
    tags = [];
    view = { referrer: view.page || document.referrer.split(/[?#]/)[0] };
  }
  view.page = page;
  tags = location.href.match(TAGS) || tags;
  setTimeout(show, PATIENCE);
  // Its time is that of its beginning: a page may be told that it is left after the next one is shown.
  waiting = { name: 'pageview', page: page + tags.join('').replace(/./, '?'), time: new Date() };
});

const show = safe(() => {
  if (waiting) send(waiting);
  waiting = 0;
});

const listeners = {
  scroll: tick,
  focus: tick,
  blur: tick,
  online: flush,
  visibilitychange: leave, // once visible: nothing to report
  pagehide: leave,
  pageshow({ persisted }) {
    if (!persisted) return;
    view = {}; // back from the cache: as if loaded
    leave();
  },
};

// No error in here may reach the page.
function safe(action) {
  return (...call) => {
    try {
      action(...call);
    } catch (e) {}
  };
}

function leave() {
  look();
  show();
  report();
  flush();
}

// The address as it is compared and sent.
function here() {
  let page = location.href.split(/[?#]/)[0];
  if ('query' in options) page += location.search;
  if ('hash' in options) page += location.hash.split('?')[0].replace(NO_PAGE, '');
  return page;
}

function send(event) {
  if (!ignored(options)) deliver(Object.assign(context(), view, event));
}

function context() {
  return {
    // The server makes a UUID of it; crypto.randomUUID exists on https only.
    id: crypto.getRandomValues(new Uint32Array(4)).join('-'),
    site: options.site,
    // document.title may be a form of that name.
    title: (document.querySelector('title') || 0).text,
    screen: screen.width + 'x' + screen.height,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    time: new Date(),
  };
}

/** What `visitlog.track` does. */
export function track(name, given) {
  look();
  show(); // it belongs to the page open now
  const event = { name };
  const props = {};
  for (const key in given) (OPTIONS.test(key) ? event : props)[key] = given[key];
  event.props = plain(Object.assign(props, event.props), DEPTH);
  const { revenue } = event;
  if (!REVENUE.test(revenue && revenue.amount + revenue.currency)) delete event.revenue;
  if (name) send(event);
  if (given && given.callback) {
    new Promise((done) => {
      setTimeout(done, CALLBACK_WITHIN);
      flush().then(done);
    }).then(() => given.callback());
  }
}

// A value as JSON and the server can hold it.
function plain(value, levels) {
  if (!value || typeof value != 'object' || value.toJSON) {
    return typeof value == 'bigint' ? '' + value : value;
  }
  const copy = Array.isArray(value) ? [] : {};
  for (const key of Object.keys(value)) if (levels) copy[key] = plain(value[key], levels - 1);
  return copy;
}

// Visibility or focus may have changed: ends one stretch of engaged time, begins the next.
function tick() {
  const now = performance.now();
  if (since) engaged += now - since;
  since = document.hidden || !document.hasFocus() ? 0 : now;
  // What scrolls is the page, or an element within.
  let node = document.elementFromPoint(innerWidth / 2, innerHeight / 2);
  while (node && (node.clientHeight > innerHeight || node.scrollHeight <= innerHeight)) {
    node = node.parentElement;
  }
  if (!node) return;
  height = node.scrollHeight;
  lowest = Math.max(lowest, node.scrollTop + node.clientHeight, scrollY + node.clientHeight);
}

/** Sends the engaged time so far. */
export function report() {
  tick();
  if (engaged < 1000) return;
  const duration = Math.min(engaged / 1000, MOST_SECONDS);
  const scroll = Math.round(Math.min(lowest / height || 1, 1) * 100);
  engaged = 0;
  send({ name: 'engagement', duration, props: { scroll } });
}

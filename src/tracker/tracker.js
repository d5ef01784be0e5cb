// The tracker. A page has one, started by the script tag (script.js) or a module (index.js), whichever is first.

import { afterwards, connect, deliver, flush } from './delivery.js';

const HERE = /^$|(^|\.)local(host)?$|^127\.|^\[::1]$/;
const FILES = /\.(7z|csv|dmg|docx?|epub|exe|gz|mp[34]|pdf|pptx?|rar|txt|xlsx?|zip)$/i;
const MOST_SECONDS = 1800; // of one report
const PATIENCE = 100; // milliseconds: routers set the title just after the URL

let options;
let view = {}; // what its events share
let engaged = 0; // milliseconds not yet reported
let since = 0; // start of the running stretch, if any
let depth = 0; // percent of the page that has been in sight

/** The object that the page calls. It queues calls until the tracker runs, and remains the same object. */
export function analytics() {
  const q = [];
  return (window.analytics = window.analytics || { q, track: (...call) => q.push(call) });
}

/** Starts the tracker, once a page. */
export function start(given) {
  const shared = analytics();
  if (shared.on) return;
  shared.on = true;
  options = given;
  if (document.prerendering) addEventListener('prerenderingchange', run, true);
  else run();
}

function run() {
  connect(options, ignored());
  look();
  const [load] = performance.getEntriesByType('navigation');
  if (load && load.responseStatus == 404) notice('404', {}, false);
  const shared = window.analytics;
  shared.track = safe(track);
  while (shared.q && shared.q[0]) shared.track(...shared.q.shift());
  for (const name of ['pushState', 'replaceState']) {
    const original = history[name];
    history[name] = (...move) => {
      look(); // two quick moves are two views
      original.apply(history, move);
      moved();
    };
  }
  // Capturing listeners run before the page handles a click or stops it.
  for (const type in listeners) addEventListener(type, safe(listeners[type]), true);
}

const listeners = {
  click,
  auxclick: click,
  submit,
  popstate: moved,
  hashchange: moved,
  scroll: tick,
  focus: tick,
  blur: tick,
  online: () => flush(),
  visibilitychange: leave, // once visible: nothing to report
  pagehide() {
    leave();
    flush(true);
    since = 0;
  },
  pageshow({ persisted }) {
    if (persisted) view = {}; // back from the cache: as if loaded
    look();
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

function ignored() {
  try {
    if (localStorage.analytics_ignore == 'true') return true;
  } catch (e) {} // no storage is no opt-out
  return (
    ('dnt' in options && (navigator.globalPrivacyControl || navigator.doNotTrack == 1)) ||
    (!('local' in options) &&
      (navigator.webdriver ||
        window != top ||
        HERE.test(location.hostname)))
  );
}

function notice(name, props, interactive) {
  if (!options.auto || options.auto.includes(name)) track(name, { props, interactive });
}

// crypto.randomUUID exists on https only.
function uuid() {
  const digit = () => (crypto.getRandomValues(new Uint8Array(1))[0] % 16).toString(16);
  return 'xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx'.replace(/x/g, digit);
}

function send(event) {
  if (ignored()) return;
  const context = {
    id: uuid(),
    site: options.site,
    screen: screen.width + 'x' + screen.height,
    timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    time: new Date(),
  };
  deliver(Object.assign(context, view, event));
}

function track(name, extra) {
  look(); // it belongs to the page open now
  const { callback } = extra || {}; // JSON leaves it out
  if (name) send(Object.assign({ name }, extra));
  if (callback) afterwards(callback);
}

// Visibility or focus may have changed: ends one stretch of engaged time, begins the next.
function tick() {
  const now = performance.now();
  if (since) engaged += now - since;
  since = !document.hidden && document.hasFocus() ? now : 0;
  const seen = (scrollY + innerHeight) / document.documentElement.scrollHeight;
  depth = Math.max(depth, Math.min(100, Math.round(seen * 100)));
}

function report() {
  tick();
  if (engaged < 1000) return;
  const duration = Math.min(MOST_SECONDS, engaged / 1000);
  engaged = 0;
  send({ name: 'engagement', duration, props: { scroll: depth }, interactive: false });
}

// Ends the current page view: its engagement is reported, and that of the next one starts from zero.
function close() {
  report();
  engaged = depth = 0;
}

function here() {
  return 'hash' in options ? location.href : location.href.split('#')[0];
}

const look = safe(() => {
  const page = here();
  if (page == view.page) return;
  close();
  view = { page, title: document.title, referrer: view.page || document.referrer };
  send({ name: 'pageview' });
});

function moved() {
  if (here() != view.page) close();
  setTimeout(look, PATIENCE);
}

function leave() {
  look(); // may still be waiting for a title
  report();
}

// composedPath() also contains the elements outside of a shadow tree.
function closest(event, selector) {
  return event.composedPath().find((node) => node.matches && node.matches(selector));
}

function click(event) {
  const link = closest(event, 'a[href]');
  if (event.button > (link ? 1 : 0)) return; // the middle button opens links
  const marked = closest(event, '[data-track]:not(form)');
  if (marked) trackMarked(marked);
  else if (link && link.host) follow(link);
}

function follow(link) {
  const props = { url: link.href.split(/[?#]/)[0] };
  const isFile = link.hasAttribute('download') || FILES.test(link.pathname);
  if (isFile) notice('download', props);
  else if (link.host != location.host) notice('outbound', props);
}

function submit({ target }) {
  // Not target.id: in a form, an input named id would be returned.
  const form = target.getAttribute('id') || target.getAttribute('name');
  if (target.hasAttribute('data-track')) trackMarked(target);
  else notice('form', { form });
}

function trackMarked(element) {
  const props = {};
  for (const { name, value } of element.attributes) {
    if (/^data-track-/.test(name)) props[name.slice(11)] = value;
  }
  track(element.getAttribute('data-track'), { props });
}

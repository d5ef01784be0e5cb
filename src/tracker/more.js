// What a site may ask for by options: what is left out of events or changed before they are sent, and for which sites.

import { listen } from './clicks.js';
import { explain, explainCall, say } from './debug.js';
import { deliver } from './delivery.js';
import { report, start, track } from './tracker.js';
import { visitlog } from './visitlog.js';

let options;
let user;
let named; // in manual mode: the page that the site named, and the address at that moment

/** Starts the tracker with all it can do, once a page. */
export function startAll(given) {
  const own = visitlog();
  if (own.on) return;
  options = given;
  user = options.user;
  own.track = wait;
  own.identify = identify;
  explain(options);
  listen(options);
  start(options, change, call);
}

/** Keeps a call until the tracker runs, which may be never: its callback does not wait for that. */
export function wait(name, given) {
  const { callback } = given || {};
  if (callback) setTimeout(() => callback(), 2e3);
  visitlog().q.push([name, Object.assign({}, given, { callback: undefined })]);
}

function call(name, given) {
  explainCall(name, given);
  if (name == 'pageview' && 'manual' in options) report(); // of the page before
  track(name, given);
}

function identify(id, traits) {
  user = id;
  if (traits) visitlog().track('identify', { props: traits, interactive: false });
}

// Every event comes through here.
function change(event) {
  if ('manual' in options && !isNamed(event)) return say('the site names its pages itself:', event);
  if (matching(options.exclude, event.page)) return say('the page is excluded:', event);
  const wanted = hooked(masked(completed(event)));
  if (!wanted) return say('the function `before` does not want it:', event);
  say(wanted.name, wanted);
  for (const site of sites()) deliver(Object.assign({}, wanted, { site }));
}

// Only page views that the site calls for have props. Events after one belong to its page.
function isNamed(event) {
  if (event.name == 'pageview') {
    if (!('props' in event)) return false;
    named = event.page;
  } else if (named) event.page = named;
  return named || event.name != 'engagement';
}

function completed(event) {
  const { props } = options;
  const own = typeof props == 'function' ? props(event) : props;
  if (own && event.name != 'engagement') event.props = Object.assign({}, own, event.props);
  if (user != null && event.user_id == null) event.user_id = user;
  return event;
}

// A title may tell what the mask hides.
function masked(event) {
  const page = mask(event.page);
  const title = page == event.page ? event.title : undefined;
  return Object.assign(event, { page, title, referrer: mask(event.referrer) });
}

function mask(address) {
  const pattern = address && matching(options.mask, address);
  if (!pattern) return address;
  const { origin, search } = new URL(address, location.href);
  return origin + pattern + search;
}

// The first pattern for the path of an address of this site: * stands for a part of it, ** for anything.
function matching(patterns, address) {
  const { origin, pathname, hash } = new URL(address, location.href);
  const path = pathname + hash.split('?')[0];
  return origin == location.origin && list(patterns).find((pattern) => regexOf(pattern).test(path));
}

function regexOf(pattern) {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (part == '*') return '[^/]*';
    return /^\*/.test(part) ? '.*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp('^' + parts.join('') + '$');
}

// What the site's own function makes of an event. If it fails, the event is not sent: it may have been there to hide
// something.
function hooked(event) {
  const hook = typeof options.before == 'string' ? window[options.before] : options.before;
  if (!options.before) return event;
  try {
    return hook(event);
  } catch (error) {
    console.error('visitlog: the function `before` failed:', error);
  }
}

function sites() {
  return options.site ? list(options.site) : [undefined];
}

function list(value) {
  return Array.isArray(value) ? value : (value || '').split(/[\s,]+/).filter((part) => part);
}

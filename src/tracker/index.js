// The module: the whole tracker. Without a window, as in server-side rendering, it does nothing.

import { startAll, wait } from './more.js';
import { visitlog } from './visitlog.js';

const inBrowser = typeof window !== 'undefined';

export function init(options = {}) {
  const given = { api: '/api/events/' };
  // The tracker tests whether an option is present, like an attribute, so false is left out.
  for (const [name, value] of Object.entries(options)) if (value) given[name] = value;
  if (inBrowser) startAll(given);
}

export function track(name, options) {
  if (!inBrowser) return;
  const own = visitlog();
  if (own.on) own.track(name, options);
  else wait(name, options);
}

export function identify(id, traits) {
  if (inBrowser && visitlog().identify) visitlog().identify(id, traits);
}

// The module. Without a window, as in server-side rendering, it does nothing.

import { analytics, start } from './tracker.js';

const inBrowser = typeof window !== 'undefined';

export function init(options = {}) {
  const given = { api: '/api/events/' };
  // The tracker tests whether an option is present, like an attribute, so false is left out.
  for (const [name, value] of Object.entries(options)) if (value) given[name] = value;
  if (inBrowser) start(given);
}

export function track(name, options) {
  if (inBrowser) analytics().track(name, options);
}

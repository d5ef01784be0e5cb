// The module. Where there is no window, as when a server renders, it does nothing.

import { analytics, start } from './tracker.js';

const inBrowser = typeof window !== 'undefined';

export function init(options = {}) {
  const given = { api: '/api/events/' };
  // The tracker asks whether an option is there, as an attribute is: false is not.
  for (const [name, value] of Object.entries(options)) if (value) given[name] = value;
  if (inBrowser) start(given);
}

export function track(name, options) {
  if (inBrowser) analytics().track(name, options);
}

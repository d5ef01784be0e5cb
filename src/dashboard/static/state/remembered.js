// Choices that last from visit to visit, for each site.

import { site } from './site.js';

const key = `view:${site}`;

/** What was chosen last; {} at first, or where the browser stores nothing. */
export function remembered() {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? {};
  } catch {
    return {};
  }
}

/** Keeps choices. @param {Record<string, string>} choices */
export function remember(choices) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...remembered(), ...choices }));
  } catch {
    // Without storage each visit begins with the defaults.
  }
}

// What the console says with the option `debug`: what is sent, what is not, and why.

import { isDriven, isFramed, isLocal, objects, optedOut } from './ignored.js';
import { DEPTH, OPTIONS, REVENUE } from './tracker.js';

let isOn;

/** Says something, if the site asked for it. */
export function say(...words) {
  if (isOn) console.info('visitlog:', ...words);
}

/** From now on the console is told. Says first whether anything will be sent. */
export function explain(options) {
  isOn = 'debug' in options;
  const reason = reasonFor(options);
  if (reason) say('nothing is sent:', reason);
  else say('events are sent to', String(options.api), 'for the site', options.site || 'default');
  if (document.hidden) say('nothing is sent before the page is seen');
}

function reasonFor(options) {
  if (optedOut()) return 'this visitor opted out (localStorage.analytics_ignore)';
  if (objects(options)) return 'this visitor does not want to be tracked (data-dnt)';
  if ('local' in options) return '';
  if (isDriven()) return 'the browser is driven by a program; data-local counts it';
  if (isFramed()) return 'the page is in a frame; data-local counts it';
  return isLocal() ? 'the page is not on the web but on this computer; data-local counts it' : '';
}

/** Says what of a call cannot be sent as it is. */
export function explainCall(name, given) {
  if (!isOn) return;
  if (!name || typeof name != 'string') say('the name of an event is text, and not', name);
  const { revenue, props } = given || {};
  if (revenue && !REVENUE.test(revenue.amount + revenue.currency)) {
    say('revenue is left out, as it needs an amount and a currency of three letters:', revenue);
  }
  for (const key in given) {
    if (!OPTIONS.test(key) && key != 'callback') say('an unknown option is taken for a prop:', key);
  }
  for (const key in props) explainProp(key, props[key]);
}

function explainProp(key, value) {
  const kind = typeof value;
  if (kind == 'bigint') say('a BigInt is sent as text:', key);
  else if (kind == 'function' || kind == 'symbol') say('a prop is left out, as it is no data:', key);
  else if (isTooDeep(value, DEPTH)) say(`a prop is cut, as it has more than ${DEPTH} levels:`, key);
}

function isTooDeep(value, levels) {
  if (!value || typeof value != 'object' || value.toJSON) return false;
  return !levels || Object.keys(value).some((key) => isTooDeep(value[key], levels - 1));
}

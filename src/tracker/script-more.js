// The script tag of the whole tracker: its attributes and the parameters of its address are the options.

import { startAll } from './more.js';

// A module does not know its tag.
const tag = document.currentScript || document.querySelector('script[src*=script-more],script[data-site]');
const options = { api: new URL('api/events/', tag.src), props: {} };
new URL(tag.src).searchParams.forEach((value, name) => (options[name] = value));
Object.assign(options, tag.dataset);
for (const { name, value } of tag.attributes) {
  if (/^data-prop-/.test(name)) options.props[name.slice(10)] = value;
}
startAll(options);

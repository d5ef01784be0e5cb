// The script tag: its attributes and the parameters of its address are the options.

import { deliver } from './delivery.js';
import { start, track } from './tracker.js';

const { src, dataset } = document.currentScript;
const options = { api: new URL('api/events/', src) };
new URL(src).searchParams.forEach((value, name) => (options[name] = value));
start(Object.assign(options, dataset), deliver, track);

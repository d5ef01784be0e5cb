// The script tag: its attributes are the options.

import { start } from './tracker.js';

const { src, dataset } = document.currentScript;
start(Object.assign({ api: new URL('api/events/', src) }, dataset));

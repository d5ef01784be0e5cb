// The script tag beside the tracker's: what the browser observes of the page goes to the tracker as events.

import { observeErrors } from './errors.js';
import { observeVitals } from './vitals.js';

// A module does not know its tag.
const tag = document.currentScript || document.querySelector('script[src*=script-vitals]');
const auto = tag.dataset.auto || new URL(tag.src).searchParams.get('auto');
const wanted = (name) => !auto || auto.includes(name);
if (wanted('errors')) observeErrors();
if (wanted('vitals')) observeVitals();

// Declarative rendering: what every module that draws imports. Values become text or attributes.

import htm from '../vendor/htm.js';
import { h } from '../vendor/preact.js';

/** A tagged template that makes elements: html`<p class=${name}>${text}</p>`. */
export const html = htm.bind(h);

export { Fragment, render } from '../vendor/preact.js';
export {
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  useState,
} from '../vendor/preact-hooks.js';

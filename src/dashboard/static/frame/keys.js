// The keyboard: what each key does, and the dialog that shows it.

import { Dialog } from '../parts/dialog.js';
import { html, useEffect } from '../parts/html.js';
import { go } from '../state/address.js';
import { DEFAULT_COMPARISON } from '../state/comparisons.js';
import { neighbour, PERIODS } from '../state/periods.js';
import { isKnown, site } from '../state/site.js';
import { chooseComparison, chooseRange } from '../state/view.js';
import { t } from '../text/words.js';

/** Keys beside those of periods: the key, the words, what it does. */
const ACTIONS = [
  ['ArrowLeft', t('Period before'), ({ view }) => step(view, -1)],
  ['ArrowRight', t('Period after'), ({ view }) => step(view, 1)],
  ['c', t('Choose a period'), ({ open }) => open('period')],
  ['x', t('Comparison on or off'), ({ view }) => toggleComparison(view), 'comparison'],
  ['f', t('Add a filter'), ({ open }) => open('filter'), 'filters'],
  ['g', t('Saved segments'), ({ open }) => isKnown && open('segments'), 'filters'],
  ['Escape', t('Clear the filters'), ({ view }) => view.filters.length && go({ f: null }), 'filters'],
  ['r', t('Live'), () => location.assign(`/api/realtime?${new URLSearchParams({ site })}`)],
  ['?', t('This list'), ({ open }) => open('keys')],
];

const SIGNS = { ArrowLeft: '←', ArrowRight: '→', Escape: 'Esc' };

function step(view, steps) {
  const next = neighbour(view.range, steps, view.today);
  if (next) chooseRange(next);
}

function toggleComparison({ comparison }) {
  chooseComparison(comparison.compare === 'off' ? DEFAULT_COMPARISON : 'off');
}

function actionOf(key, uses) {
  const period = Object.keys(PERIODS).find((name) => PERIODS[name].key === key);
  if (period) return () => chooseRange({ period });
  return ACTIONS.find(([name, , , need]) => name === key && (!need || uses[need]))?.[2];
}

/** Whether a key is meant for what has the focus. */
function isTaken({ target, ctrlKey, metaKey, altKey, defaultPrevented }) {
  const isModified = ctrlKey || metaKey || altKey;
  return isModified || defaultPrevented || target.closest('input, textarea, select, dialog, .panel');
}

/** Listens to the keyboard. @param {(what: string) => void} open */
export function useKeys(view, uses, open) {
  useEffect(() => {
    const press = (event) => {
      if (isTaken(event)) return;
      const act = actionOf(event.key.length === 1 ? event.key.toLowerCase() : event.key, uses);
      if (!act) return;
      event.preventDefault();
      act({ view, open });
    };
    const show = () => open('keys');
    const button = document.getElementById('keys');
    document.addEventListener('keydown', press);
    button?.addEventListener('click', show);
    return () => {
      document.removeEventListener('keydown', press);
      button?.removeEventListener('click', show);
    };
  });
}

export function Keys({ uses, close }) {
  const periods = Object.values(PERIODS).map(({ key, words }) => [key.toUpperCase(), words]);
  const actions = ACTIONS.filter(([, , , need]) => !need || uses[need]).map(([key, words]) => [
    SIGNS[key] ?? key.toUpperCase(),
    words,
  ]);
  const line = ([key, words]) => html`<div key=${words}><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`;
  return html`<${Dialog} id="keyboard" title=${t('Keyboard')} close=${close}>
    <dl class="keys">${[...periods, ...actions, ['/', t('Search in details')], ['Enter', t('Filter by the row')]].map(line)}</dl>
  <//>`;
}

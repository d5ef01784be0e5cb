// Where the numbers of an answer come from, for whoever asks.

import { t } from '../text/words.js';
import { html } from './html.js';

/** A small 'i' whose tooltip names the tables and the range. @param {{ answer: object | null }} props */
export function Origin({ answer }) {
  if (!answer) return null;
  const { engine, query } = answer;
  const words = t('Answered from {tables}; {from} to {to}', { tables: engine.replaceAll('+', ', '), from: query.from, to: query.to });
  return html`<span class="origin" role="img" tabindex="0" aria-label=${words} title=${words}>i</span>`;
}

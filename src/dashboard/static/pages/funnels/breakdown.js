// The funnel for each value of a dimension, the largest first.

import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { Origin } from '../../parts/origin.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { dimensionWords } from '../../text/dimensions.js';
import { count, percent } from '../../text/format.js';
import { stepWords } from '../../text/steps.js';
import { t } from '../../text/words.js';

export function Breakdown({ funnel: { by }, result, retry, csv }) {
  const title = t('Funnel by {dimension}', { dimension: dimensionWords(by) });
  return html`<${Card} id="by" title=${title} busy=${result.loading}>
    <div class="body scroll" tabindex="0" role="group" aria-label=${title}>
      <${Loaded} result=${result} retry=${retry} rows=${5}>${(answer) => html`<${Rows} ...${{ answer, by, title }} />`}<//>
    </div>
    <div class="foot"><span></span><span class="links"><${Origin} answer=${result.answer} /><a href=${csv} download>CSV</a></span></div>
  <//>`;
}

function Rows({ answer: { rows }, by, title }) {
  const groups = Object.values(Object.groupBy(rows, ({ [by]: value }) => `=${value}`)); // no index: keeps the order
  if (!groups.length) return html`<${Empty}>${t('Nobody got to the first step in this range.')}<//>`;
  const steps = groups[0].map(({ step, label }, place) => ({
    key: `${step}`,
    words: `${step} ${stepWords(label)}`,
    number: true,
    cell: (group) =>
      html`${count(group[place].count)} ${place > 0 && html`<span class="muted">${percent(group[place].share_of_first)}</span>`}`,
  }));
  const value = { key: by, words: dimensionWords(by), cell: ([row]) => html`<${Label} dimension=${by} value=${row[by]} />` };
  return html`<${Table} columns=${[value, ...steps]} rows=${groups} caption=${title} />`;
}

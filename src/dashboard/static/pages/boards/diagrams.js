// Reports that are drawn as their pages draw them. A board loads those that it has.

import { html } from '../../parts/html.js';

/** By report: how to load a component that draws an answer. */
export const DIAGRAMS = {
  funnel: () => import('../funnels/columns.js').then(({ Columns }) => ({ answer }) =>
    html`<${Columns} rows=${answer.rows} hasLinks=${false} />`),
  paths: () => import('../journeys/sankey.js').then(({ Sankey }) => ({ answer: { rows, query } }) =>
    html`<${Sankey} rows=${rows} direction=${query.direction} steps=${query.steps} hasLinks=${false} />`),
  retention: () => Promise.all([import('../retention/grid.js'), import('../retention/periods.js')]).then(
    ([{ Grid }, { shown }]) => ({ answer }) =>
      html`<${Grid} cohorts=${shown(answer)} interval=${answer.query.interval} numbers="rates" />`),
  heatmap: () => import('../activity/hours.js').then(({ Hours }) => Hours),
  lifecycle: () => import('../activity/lifecycle.js').then(({ Lifecycle }) => Lifecycle),
  stickiness: () => import('../activity/stickiness.js').then(({ Stickiness }) => Stickiness),
};

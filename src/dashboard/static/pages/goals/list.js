// The goals with their conditions and numbers; who is logged in makes and deletes them.

import { address, send } from '../../api/client.js';
import { Confirm } from '../../forms/confirm.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Label } from '../../parts/label.js';
import { Origin } from '../../parts/origin.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { isKnown } from '../../state/site.js';
import { conditionWords } from '../../text/steps.js';
import { numberColumn } from '../overview/columns.js';
import { NewGoal } from './form.js';
import { t } from '../../text/words.js';

const MOST = 200;

export const goalsQuery = ({ common, compared }) => ({ report: 'goals', ...common, ...compared, limit: MOST });

export function GoalsCard({ view, saved, result, retry, changed }) {
  const [open, setOpen] = useState(null);
  const close = () => setOpen(null);
  const tools = isKnown && html`<button type="button" class="quiet" id="new-goal" onClick=${() => setOpen('new')}><span aria-hidden="true">+</span> ${t('Goal')}</button>`;
  const csv = address('analytics/goals', { ...view.common, limit: MOST, format: 'csv' });
  return html`<${Card} id="goals" title=${t('Goals')} tools=${tools} busy=${result.loading}>
    <div class="body scroll" tabindex="0" role="group" aria-label=${t('Goals')}><${Loaded} result=${result} retry=${retry} rows=${4}>
      ${({ rows }) => html`<${Rows} ...${{ rows, view, remove: setOpen }} saved=${saved.answer ?? []} />`}
    <//></div>
    <div class="foot"><span class="links"><${Origin} answer=${result.answer} /><a href=${csv} download>CSV</a></span></div>
    ${open === 'new' && html`<${NewGoal} ...${{ view, close, changed }} />`}
    ${open?.id && html`<${Delete} ...${{ close, changed }} goal=${open} />`}
  <//>`;
}

function Rows({ rows, saved, view, remove }) {
  if (!rows.length) {
    return html`<${Empty}>${t('A goal is a page that is viewed or an event that is sent.')} ${t('None is saved for this site yet.')}<//>`;
  }
  const byName = new Map(saved.map((goal) => [goal.name, goal]));
  const condition = ({ name }) => (byName.has(name) ? conditionWords(byName.get(name)) : '');
  const columns = [
    { key: 'name', words: t('Goal'), cell: ({ name }) => html`<${Label} dimension="goal" value=${name} filters=${view.filters} />` },
    { key: 'condition', words: t('Reached by'), cell: (row) => html`<span class="value muted" title=${condition(row)}><span class="words">${condition(row)}</span></span>` },
    ...['conversions', 'visitors', 'conversion_rate'].map(numberColumn),
  ];
  const bin = ({ name }) => byName.has(name) && html`<button type="button" class="icon" aria-label=${t('Delete {name}', { name })} onClick=${() => remove(byName.get(name))}>✕</button>`;
  if (isKnown) columns.push({ key: 'delete', words: html`<span class="hidden">${t('Delete')}</span>`, number: true, cell: bin });
  return html`<${Table} columns=${columns} rows=${rows} caption=${t('Goals')} />`;
}

function Delete({ goal: { id, name }, close, changed }) {
  const act = () => send('DELETE', `goals/${id}`).then(changed);
  return html`<${Confirm} id="delete" title=${t('Delete a goal')} no=${t('Keep it')} yes=${t('Delete it')} ...${{ act, close }}>
    <p>${t('Delete “{name}”? The events that reached it stay.', { name })}</p>
  <//>`;
}

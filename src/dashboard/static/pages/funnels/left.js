// Who got to a step and no further.

import { address } from '../../api/client.js';
import { useReports } from '../../api/reports.js';
import { Dialog } from '../../parts/dialog.js';
import { html } from '../../parts/html.js';
import { Cut } from '../../parts/label.js';
import { pageOf, Paging } from '../../parts/paging.js';
import { Empty, Loaded } from '../../parts/states.js';
import { Table } from '../../parts/table.js';
import { go } from '../../state/address.js';
import { timezone } from '../../state/site.js';
import { CLOCK, DAY, dates } from '../../text/format.js';
import { stepWords } from '../../text/steps.js';
import { t } from '../../text/words.js';

const SIZE = 50;
const moment = dates(timezone, { ...DAY, ...CLOCK });

const COLUMNS = [
  { key: 'last_page', words: t('Last page'), cell: ({ last_page: page }) => html`<span class="value" title=${page}><${Cut} text=${page} /></span>` },
  { key: 'who', words: t('Visitor'), number: true, cell: (row) => html`<code title=${row.user_id ?? row.visitor_id}>${(row.user_id ?? row.visitor_id).slice(0, 12)}</code>` },
  { key: 'reached_at', words: t('Got there'), number: true, cell: (row) => moment(row.reached_at) },
  { key: 'last_seen', words: t('Last seen'), number: true, cell: (row) => moment(row.last_seen) },
];

export function Left({ params, query, funnel: { steps } }) {
  const step = Math.min(Math.max(1, Number.parseInt(params.get('left'), 10) || 1), steps.length);
  const page = pageOf(params);
  const asked = { ...query, step, outcome: 'dropped' };
  const { of, retry } = useReports({
    left: { report: 'funnel/visitors', ...asked, limit: SIZE, offset: (page - 1) * SIZE },
  });
  const title = t('Left after {step}', { step: stepWords(steps[step - 1]) });
  const csv = address('analytics/funnel/visitors', { ...asked, limit: 1000, format: 'csv' });
  const tools = html`<a class="button" href=${csv} download>CSV</a>`;
  return html`<${Dialog} id="left" title=${title} tools=${tools} close=${() => go({ left: null, page: null })}>
    <div class="scroll" tabindex="0" role="group" aria-label=${title}>
      <${Loaded} result=${of('left')} retry=${retry} rows=${12}>
        ${({ rows }) => (rows.length ? html`<${Table} columns=${COLUMNS} rows=${rows} caption=${title} />` : html`<${Empty}>${t('Nobody left here.')}<//>`)}
      <//>
    </div>
    <${Paging} page=${page} size=${SIZE} answer=${of('left').answer} />
  <//>`;
}

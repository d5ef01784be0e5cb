// The frame: toolbar, pills, dialogs of the keyboard, and the page inside.

import { html, useEffect, useState } from '../parts/html.js';
import { useAddress } from '../state/address.js';
import { name, page } from '../state/site.js';
import { viewOf } from '../state/view.js';
import { Keys, useKeys } from './keys.js';
import { Later } from './later.js';
import { carryView } from './navigation.js';
import { ComparedPills, Pills } from './pills.js';
import { Toolbar } from './toolbar.js';

const loadBuilder = () => import('../dialogs/builder.js').then(({ Builder }) => Builder);
const loadSegments = () => import('../dialogs/segments.js').then(({ Segments }) => Segments);
const loadSaveView = () => import('../pages/boards/save.js').then(({ SaveView }) => SaveView);

/** @param {{ uses: { comparison: boolean, filters: boolean, views?: Function }, children: unknown }} props */
export function Frame({ uses, children }) {
  const params = useAddress();
  const view = viewOf(params);
  // What is open: 'period', 'comparison', 'keys', 'filter', 'segment-filter', 'segments', 'board', or the
  // clause that is edited.
  const [open, setOpen] = useState(null);
  useEffect(() => carryView(params), [params]);
  useKeys(view, uses, setOpen);
  const close = () => setOpen(null);
  const segment = uses.comparison && view.comparison.segment;
  const list = open === 'segment-filter' || (segment && segment.includes(open)) ? 'compare_f' : 'f';
  const isFilter = ['filter', 'segment-filter'].includes(open) || open?.operator;
  return html`
    <h1 class="hidden">${name}: ${page}</h1>
    <${Toolbar} ...${{ view, uses, open, setOpen }} />
    ${uses.filters && html`<${Pills} filters=${view.filters} edit=${setOpen} />`}
    ${segment && html`<${ComparedPills} filters=${view.filters} segment=${segment} edit=${setOpen} add=${() => setOpen('segment-filter')} />`}
    ${children}
    ${isFilter && html`<${Later} load=${loadBuilder} list=${list} view=${list === 'f' ? view : { ...view, filters: segment }} clause=${open.operator ? open : null} close=${close} />`}
    ${open === 'segments' && html`<${Later} load=${loadSegments} view=${view} close=${close} />`}
    ${open === 'board' && html`<${Later} load=${loadSaveView} views=${uses.views} params=${params} close=${close} />`}
    ${open === 'keys' && html`<${Keys} uses=${uses} close=${close} />`}
  `;
}

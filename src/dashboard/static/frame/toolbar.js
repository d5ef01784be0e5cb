// The row below the header: who is here now, filter, period, comparison.

import { html } from '../parts/html.js';
import { isKnown } from '../state/site.js';
import { t } from '../text/words.js';
import { ComparisonPicker } from './comparison.js';
import { Now } from './now.js';
import { PeriodPicker } from './period.js';

export function Toolbar({ view, uses, open, setOpen }) {
  const toggle = (name) => ({
    open: open === name,
    onOpen: (isOpen) => setOpen((old) => (isOpen ? name : old === name ? null : old)),
  });
  return html`<div class="toolbar">
    <${Now} />
    <div class="controls" role="group" aria-label=${t('View')}>
      ${uses.filters &&
      html`<button type="button" class="quiet" id="add-filter" title=${t('Filter (f)')} onClick=${() => setOpen('filter')}>
        <span aria-hidden="true">+</span> ${t('Filter')}
      </button>`}
      ${uses.filters && isKnown &&
      html`<button type="button" class="quiet" id="saved-segments" title=${t('Saved segments (g)')} onClick=${() => setOpen('segments')}>${t('Segments')}</button>`}
      ${uses.views && isKnown &&
      html`<button type="button" class="quiet" id="to-board" onClick=${() => setOpen('board')}>${t('To a board')}</button>`}
      <${PeriodPicker} view=${view} ...${toggle('period')} />
      ${uses.comparison && html`<${ComparisonPicker} view=${view} ...${toggle('comparison')} />`}
    </div>
  </div>`;
}

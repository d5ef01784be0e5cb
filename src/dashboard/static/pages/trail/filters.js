// What entries of an audit log are filtered by: parameters of the address.

import { html, useEffect, useRef } from '../../parts/html.js';
import { Tabs } from '../../parts/tabs.js';
import { go } from '../../state/address.js';
import { t } from '../../text/words.js';
import { wordsOf } from './words.js';

const KINDS = [['', t('All')], ['security', t('Security events')]];
const DAYS = [['since', t('From')], ['until', t('To')]];

/** @param {{ params: URLSearchParams, fields: [string, string][], actions: string[] }} props See Entries. */
export function Filters({ params, fields, actions }) {
  const form = useRef(null);
  const names = [...fields, ...DAYS, ...(actions.length ? [['action']] : [])].map(([name]) => name);
  // The fields are set when the address changes, not whenever they are drawn: somebody may be typing.
  useEffect(() => {
    for (const name of names) form.current.elements.namedItem(name).value = params.get(name) ?? '';
  }, [params]);
  const filter = (event) => {
    event.preventDefault();
    const typed = (name) => form.current.elements.namedItem(name).value.trim() || null;
    go({ before: null, ...Object.fromEntries(names.map((name) => [name, typed(name)])) });
  };
  const clear = () => go(Object.fromEntries(['before', 'kind', ...names].map((name) => [name, null])));
  const kind = params.get('kind') ?? '';
  return html`
    <${Tabs} label=${t('Which entries')} options=${KINDS} chosen=${kind} choose=${(key) => go({ kind: key || null, before: null })} />
    <form class="filters" ref=${form} onSubmit=${filter}>
      ${actions.length > 0 && html`<label>${t('Action')} <select name="action">
        <option value="">${t('Any')}</option>
        ${actions.map((action) => html`<option key=${action} value=${action}>${wordsOf(action)}</option>`)}
      </select></label>`}
      ${fields.map(([name, words]) => html`<label key=${name}>${words} <input name=${name} maxlength="200" autocapitalize="none" spellcheck=${false} /></label>`)}
      ${DAYS.map(([name, words]) => html`<label key=${name}>${words} <input name=${name} type="date" /></label>`)}
      <p><button type="submit" class="quiet">${t('Filter')}</button>
        ${[...params.keys()].some((name) => name === 'kind' || names.includes(name)) && html`<button type="button" class="plain" onClick=${clear}>${t('Show all')}</button>`}</p>
    </form>
  `;
}

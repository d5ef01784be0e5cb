// The settings of a site: a section for each thing, of which the viewer's role sees its own.

import { useQuestion } from '../api/question.js';
import { Sections } from '../forms/sections.js';
import { startPlain } from '../frame/plain.js';
import { html, useState } from '../parts/html.js';
import { Loaded } from '../parts/states.js';
import { name, site } from '../state/site.js';
import { t } from '../text/words.js';
import { Alerts } from './settings/alerts.js';
import { Audit } from './settings/audit.js';
import { Danger } from './settings/danger.js';
import { Data } from './settings/data.js';
import { EmailReports } from './settings/email_reports.js';
import { General } from './settings/general.js';
import { SiteKeys } from './settings/keys.js';
import { Members } from './settings/members.js';
import { Rejected } from './settings/rejected.js';
import { contains } from './settings/roles.js';
import { Shares } from './settings/shares.js';
import { Tracking } from './settings/tracking.js';

/** Key in the address, words, the role that it takes, what draws it. */
const SECTIONS = [
  ['general', t('General'), 'admin', General],
  ['tracking', t('Tracking'), 'viewer', Tracking],
  ['members', t('Members'), 'viewer', Members],
  ['keys', t('API keys'), 'admin', SiteKeys],
  ['shares', t('Share links'), 'editor', Shares],
  ['alerts', t('Alerts'), 'editor', Alerts],
  ['email-reports', t('E-mail reports'), 'editor', EmailReports],
  ['data', t('Data'), 'editor', Data],
  ['rejected', t('Rejected events'), 'editor', Rejected],
  ['audit', t('Audit log'), 'admin', Audit],
  ['danger', t('Transfer, delete'), 'owner', Danger],
];

function Settings() {
  const found = useQuestion(`sites/${encodeURIComponent(site)}`, {});
  const [saved, save] = useState(null);
  // What was saved comes from the answer to that: for seconds, other processes know the old site.
  const changed = (answer) => {
    save(answer);
    if (!answer) found.retry();
  };
  return html`<div class="settings">
    <h1>${t('Settings of {name}', { name: (saved ?? found.answer)?.name ?? name })}</h1>
    <${Loaded} result=${found} retry=${found.retry} rows=${8}>${(answer) => html`<${Allowed} site=${saved ?? answer} changed=${changed} />`}<//>
  </div>`;
}

function Allowed({ site: found, changed }) {
  const sections = SECTIONS.filter(([, , needed]) => contains(found.role, needed)).map(([key, words, , Section]) => [key, words, Section]);
  const goals = contains(found.role, 'editor') && html`<a href=${`/goals?${new URLSearchParams({ site })}`}>${t('Goals')}</a>`;
  return html`<${Sections} label=${t('Settings')} more=${goals} ...${{ sections, changed }} site=${found} />`;
}

startPlain(Settings);

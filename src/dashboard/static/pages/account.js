// One's own account: who it is, password, second factor, logins, API keys; for superusers all accounts and background jobs.

import { useQuestion } from '../api/question.js';
import { Sections } from '../forms/sections.js';
import { startPlain } from '../frame/plain.js';
import { html } from '../parts/html.js';
import { Loaded } from '../parts/states.js';
import { t } from '../text/words.js';
import { Activity } from './account/activity.js';
import { Jobs } from './account/jobs.js';
import { Logins } from './account/logins.js';
import { Password } from './account/password.js';
import { Profile } from './account/profile.js';
import { SecondFactor } from './account/second_factor.js';
import { Users } from './account/users.js';
import { Keys } from './settings/keys.js';

const OWN = [
  ['profile', t('Profile'), Profile],
  ['password', t('Password'), Password],
  ['factor', t('Second factor'), SecondFactor],
  ['logins', t('Logins'), Logins],
  ['activity', t('Activity'), Activity],
  ['keys', t('API keys'), () => html`<${Keys} path="keys" />`],
];
const OF_SUPERUSERS = [
  ['users', t('All accounts'), Users],
  ['jobs', t('Background jobs'), Jobs],
];
const TRAIL = html`<a href="/trail">${t('Audit log')}</a>`;

/** @param {{ is_superuser: boolean }} me */
const sectionsOf = ({ is_superuser: isSuper }) => (isSuper ? [...OWN, ...OF_SUPERUSERS] : OWN);

function Account() {
  const found = useQuestion('auth/me', {});
  return html`<div class="settings">
    <h1>${t('Account')}</h1>
    <${Loaded} result=${found} retry=${found.retry} rows=${8}>${(me) => html`<${Sections} label=${t('Account')} sections=${sectionsOf(me)} more=${me.is_superuser && TRAIL} me=${me} />`}<//>
  </div>`;
}

startPlain(Account);

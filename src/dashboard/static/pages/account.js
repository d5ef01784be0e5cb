// One's own account: who it is, password, second factor, logins, API keys; for superusers all accounts.

import { useQuestion } from '../api/question.js';
import { Sections } from '../forms/sections.js';
import { startPlain } from '../frame/plain.js';
import { html } from '../parts/html.js';
import { Loaded } from '../parts/states.js';
import { Activity } from './account/activity.js';
import { Logins } from './account/logins.js';
import { Password } from './account/password.js';
import { Profile } from './account/profile.js';
import { SecondFactor } from './account/second_factor.js';
import { Users } from './account/users.js';
import { Keys } from './settings/keys.js';

const OWN = [
  ['profile', 'Profile', Profile],
  ['password', 'Password', Password],
  ['factor', 'Second factor', SecondFactor],
  ['logins', 'Logins', Logins],
  ['activity', 'Activity', Activity],
  ['keys', 'API keys', () => html`<${Keys} path="keys" />`],
];
const OF_SUPERUSERS = [['users', 'All accounts', Users]];
const TRAIL = html`<a href="/trail">Audit log</a>`;

/** @param {{ is_superuser: boolean }} me */
const sectionsOf = ({ is_superuser: isSuper }) => (isSuper ? [...OWN, ...OF_SUPERUSERS] : OWN);

function Account() {
  const found = useQuestion('auth/me', {});
  return html`<div class="settings">
    <h1>Account</h1>
    <${Loaded} result=${found} retry=${found.retry} rows=${8}>${(me) => html`<${Sections} label="Account" sections=${sectionsOf(me)} more=${me.is_superuser && TRAIL} me=${me} />`}<//>
  </div>`;
}

startPlain(Account);

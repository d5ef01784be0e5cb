// The audit log of the installation, for superusers: what looks like an attack, and every entry as it is added.

import { startPlain } from '../frame/plain.js';
import { html } from '../parts/html.js';
import { t } from '../text/words.js';
import { Entries } from './trail/entries.js';
import { Live } from './trail/live.js';
import { Security } from './trail/security.js';

const ACTIONS = document.getElementById('main').dataset.actions.split(' ');
const FIELDS = [['account', t('Account')], ['site', t('Site')], ['network', t('Network')]];

const Trail = () => html`<div class="settings">
  <h1>${t('Audit log')}</h1>
  <${Security} />
  <${Entries} path="audit" title=${t('Log entries')} fields=${FIELDS} actions=${ACTIONS} live=${Live} />
</div>`;

startPlain(Trail);

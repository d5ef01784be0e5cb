// What an account did, and who tried to log in to it.

import { html } from '../../parts/html.js';
import { t } from '../../text/words.js';
import { Entries } from '../trail/entries.js';

export const Activity = () => html`<${Entries} path="auth/activity" title=${t('Activity')} fields=${[['network', t('Network')]]} />`;

// What an account did, and who tried to log in to it.

import { html } from '../../parts/html.js';
import { Entries } from '../trail/entries.js';

export const Activity = () => html`<${Entries} path="auth/activity" title="Activity" fields=${[['network', 'Network']]} />`;

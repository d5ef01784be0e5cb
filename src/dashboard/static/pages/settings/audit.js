// The audit log of a site, for its admins.

import { html } from '../../parts/html.js';
import { Entries } from '../trail/entries.js';

const FIELDS = [['account', 'Account'], ['network', 'Network']];

export const Audit = ({ site }) => html`<${Entries} path=${`sites/${site.key}/audit`} title="Audit log" fields=${FIELDS} />`;

// The audit log of a site, for its admins.

import { html } from '../../parts/html.js';
import { t } from '../../text/words.js';
import { Entries } from '../trail/entries.js';

const FIELDS = [['account', t('Account')], ['network', t('Network')]];

export const Audit = ({ site }) => html`<${Entries} path=${`sites/${site.key}/audit`} title=${t('Audit log')} fields=${FIELDS} />`;

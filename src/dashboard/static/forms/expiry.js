// The choice of when something expires.

import { html } from '../parts/html.js';
import { ownDay } from '../text/format.js';
import { Select } from './form.js';

const EXPIRIES = [['90', 'In 90 days'], ['30', 'In 30 days'], ['365', 'In a year'], ['', 'Never']];

export const Expiry = ({ problems }) => html`<${Select} ...${{ problems }} label="Expires" name="expires_in_days" options=${EXPIRIES} value="90" />`;

/** The number of days of the field; null for never. */
export const daysOf = ({ value }) => (value ? Number(value) : null);

export const expiryWords = (time) => (time ? `expires ${ownDay(time)}` : 'never expires');

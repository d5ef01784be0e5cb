// The choice of when something expires.

import { html } from '../parts/html.js';
import { ownDay } from '../text/format.js';
import { t } from '../text/words.js';
import { Select } from './form.js';

const EXPIRIES = [['90', t('In 90 days')], ['30', t('In 30 days')], ['365', t('In a year')], ['', t('Never')]];

export const Expiry = ({ problems }) => html`<${Select} ...${{ problems }} label=${t('Expires')} name="expires_in_days" options=${EXPIRIES} value="90" />`;

/** The number of days of the field; null for never. */
export const daysOf = ({ value }) => (value ? Number(value) : null);

export const expiryWords = (time) => (time ? t('expires {day}', { day: ownDay(time) }) : t('never expires'));

// The fields of a site, for the form of a new one and for its settings.

import { Field, Select } from '../../forms/form.js';
import { html } from '../../parts/html.js';
import { t } from '../../text/words.js';

const VISIBILITIES = [
  ['private', t('Its members')],
  ['members', t('Every account here')],
  ['public', t('Anybody')],
];

const OWN_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** All time zones that the browser knows, and one more. */
function zonesWith(zone) {
  const names = new Set(['UTC', zone, ...Intl.supportedValuesOf('timeZone')]);
  return [...names].sort().map((name) => [name, name.replaceAll('_', ' ')]);
}

/** @param {{ site?: { name: string, domain: string, timezone: string, visibility: string }, problems: object[] }} props */
export function SiteFields({ site = { name: '', domain: '', timezone: OWN_ZONE, visibility: 'private' }, problems }) {
  const { name, domain, timezone, visibility } = site;
  return html`
    <${Field} ...${{ problems }} label=${t('Domain')} name="domain" required maxlength="200" placeholder="shop.example" autocapitalize="none" spellcheck=${false}
      defaultValue=${domain} hint=${t('Without https://.')} />
    <${Field} ...${{ problems }} label=${t('Name')} name="name" maxlength="100" placeholder=${t('The domain')} defaultValue=${name} hint=${t('What people call it.')} />
    <${Select} ...${{ problems }} label=${t('Time zone')} name="timezone" options=${zonesWith(timezone)} value=${timezone} hint=${t('Its days begin at midnight there.')} />
    <${Select} ...${{ problems }} label=${t('Who reads its numbers')} name="visibility" options=${VISIBILITIES} value=${visibility} />
  `;
}

/** What the fields say. @param {HTMLFormControlsCollection} fields */
export const siteOf = ({ domain, name, timezone, visibility }) => ({
  domain: domain.value,
  name: name.value,
  timezone: timezone.value,
  visibility: visibility.value,
});

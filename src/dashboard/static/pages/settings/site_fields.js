// The fields of a site, for the form of a new one and for its settings.

import { Field, Select } from '../../forms/form.js';
import { html } from '../../parts/html.js';

const VISIBILITIES = [
  ['private', 'Its members'],
  ['members', 'Every account here'],
  ['public', 'Anybody'],
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
    <${Field} ...${{ problems }} label="Domain" name="domain" required maxlength="200" placeholder="shop.example" autocapitalize="none" spellcheck=${false}
      defaultValue=${domain} hint="Without https://." />
    <${Field} ...${{ problems }} label="Name" name="name" maxlength="100" placeholder="The domain" defaultValue=${name} hint="What people call it." />
    <${Select} ...${{ problems }} label="Time zone" name="timezone" options=${zonesWith(timezone)} value=${timezone} hint="Its days begin at midnight there." />
    <${Select} ...${{ problems }} label="Who reads its numbers" name="visibility" options=${VISIBILITIES} value=${visibility} />
  `;
}

/** What the fields say. @param {HTMLFormControlsCollection} fields */
export const siteOf = ({ domain, name, timezone, visibility }) => ({
  domain: domain.value,
  name: name.value,
  timezone: timezone.value,
  visibility: visibility.value,
});

// A new site: four fields, then its snippet and the wait for its first event.

import { send } from '../api/client.js';
import { Form } from '../forms/form.js';
import { startPlain } from '../frame/plain.js';
import { Card } from '../parts/card.js';
import { html } from '../parts/html.js';
import { t } from '../text/words.js';
import { SiteFields, siteOf } from './settings/site_fields.js';

function NewSite() {
  const act = async (fields) => {
    const { key } = await send('POST', 'sites', siteOf(fields));
    location.assign(`/settings?${new URLSearchParams({ site: key, section: 'tracking' })}`);
  };
  return html`<div class="settings slim">
    <h1>${t('New site')}</h1>
    <${Card} id="new-site" title=${t('What is measured')}>
      <${Form} act=${act} submit=${t('Create the site')} done="">${(problems) => html`<${SiteFields} problems=${problems} />`}<//>
    <//>
  </div>`;
}

startPlain(NewSite);

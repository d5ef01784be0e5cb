// Name, domain, time zone and visibility of a site.

import { send } from '../../api/client.js';
import { Form } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { t } from '../../text/words.js';
import { SiteFields, siteOf } from './site_fields.js';

export function General({ site, changed }) {
  const act = (fields) => send('PATCH', `sites/${site.key}`, siteOf(fields)).then(changed);
  return html`<${Card} id="general" title=${t('General')}>
    <p class="muted">${t('Trackers and queries call the site by its key, which never changes:')} <code>${site.key}</code></p>
    <${Form} act=${act} submit=${t('Save')}>${(problems) => html`<${SiteFields} ...${{ site, problems }} />`}<//>
  <//>`;
}

// Name and e-mail address of an account; its end.

import { send } from '../../api/client.js';
import { Field, Form } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';
import { t } from '../../text/words.js';

export const Profile = ({ me }) => html`<${Names} me=${me} /><${Delete} />`;

function Names({ me }) {
  const act = ({ full_name: name, username, email, password }) => {
    // An account that has its e-mail address as its name keeps it: no name that is given may be one.
    const given = username.value === me.username ? {} : { username: username.value };
    return send('PATCH', 'auth/me', { full_name: name.value, email: email.value, password: password.value || null, ...given });
  };
  return html`<${Card} id="profile" title=${t('Profile')}>
    <${Form} act=${act} submit=${t('Save')}>${(problems) => html`
      <${Field} ...${{ problems }} label=${t('Name')} name="full_name" maxlength="100" autocomplete="name" defaultValue=${me.full_name} hint=${t('How the dashboard calls you.')} />
      <${Field} ...${{ problems }} label=${t('User name')} name="username" required autocomplete="username" autocapitalize="none" spellcheck=${false} defaultValue=${me.username} hint=${t('To log in with, beside the e-mail address.')} />
      <${Field} ...${{ problems }} label=${t('E-mail address')} name="email" type="email" required autocomplete="email" defaultValue=${me.email} />
      <${Field} ...${{ problems }} label=${t('Password, for a new e-mail address')} name="password" type="password" autocomplete="current-password" />
    `}<//>
  <//>`;
}

function Delete() {
  const act = async ({ password }) => {
    await send('POST', 'auth/me/delete', { password: password.value });
    location.assign('/login');
  };
  return html`<${Card} id="delete-account" title=${t('Delete the account')} className="danger">
    <p>${t('Its logins, API keys, memberships and jobs are gone then. It cannot be undone. Sites that you alone own have to be given away or deleted first.')}</p>
    <${Form} act=${act} submit=${t('Delete my account')} done="">${(problems) => html`
      <${Field} ...${{ problems }} label=${t('Password')} name="password" type="password" required autocomplete="current-password" />
    `}<//>
  <//>`;
}

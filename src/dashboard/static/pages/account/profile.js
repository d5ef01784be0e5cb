// Name and e-mail address of an account; its end.

import { send } from '../../api/client.js';
import { Field, Form } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html } from '../../parts/html.js';

export const Profile = ({ me }) => html`<${Names} me=${me} /><${Delete} />`;

function Names({ me }) {
  const act = ({ full_name: name, username, email, password }) => {
    // An account that has its e-mail address as its name keeps it: no name that is given may be one.
    const given = username.value === me.username ? {} : { username: username.value };
    return send('PATCH', 'auth/me', { full_name: name.value, email: email.value, password: password.value || null, ...given });
  };
  return html`<${Card} id="profile" title="Profile">
    <${Form} act=${act} submit="Save">${(problems) => html`
      <${Field} ...${{ problems }} label="Name" name="full_name" maxlength="100" autocomplete="name" defaultValue=${me.full_name} hint="How the dashboard calls you." />
      <${Field} ...${{ problems }} label="User name" name="username" required autocomplete="username" autocapitalize="none" spellcheck=${false} defaultValue=${me.username} hint="To log in with, beside the e-mail address." />
      <${Field} ...${{ problems }} label="E-mail address" name="email" type="email" required autocomplete="email" defaultValue=${me.email} />
      <${Field} ...${{ problems }} label="Password, for a new e-mail address" name="password" type="password" autocomplete="current-password" />
    `}<//>
  <//>`;
}

function Delete() {
  const act = async ({ password }) => {
    await send('POST', 'auth/me/delete', { password: password.value });
    location.assign('/login');
  };
  return html`<${Card} id="delete-account" title="Delete the account" className="danger">
    <p>Its logins, API keys, memberships and jobs are gone then. It cannot be undone. Sites that you alone own have to be given away or deleted first.</p>
    <${Form} act=${act} submit="Delete my account" done="">${(problems) => html`
      <${Field} ...${{ problems }} label="Password" name="password" type="password" required autocomplete="current-password" />
    `}<//>
  <//>`;
}

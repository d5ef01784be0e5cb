// The second factor: set up with an authenticator, recovery codes, turned off.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Copy } from '../../forms/copy.js';
import { Field, Form } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { ownDay, plural } from '../../text/format.js';
import { t } from '../../text/words.js';
import { QrCode } from './qr_code.js';

const PATH = 'auth/second-factor';

const PasswordField = ({ problems }) => html`<${Field} ...${{ problems }} label=${t('Password')} name="password" type="password" required autocomplete="current-password" />`;
const CodeField = ({ problems, ...more }) => html`<${Field} ...${{ problems, ...more }} label=${t('Code')} name="code" required autocomplete="one-time-code" autocapitalize="none" spellcheck=${false} />`;

export function SecondFactor() {
  const state = useQuestion(PATH, {});
  const [codes, setCodes] = useState(null);
  const on = ({ codes: made }) => {
    setCodes(made);
    state.retry();
  };
  return html`<${Card} id="second-factor" title=${t('Second factor')}>
    ${codes && html`<${Codes} codes=${codes} />`}
    <${Loaded} result=${state} retry=${state.retry} rows=${4}>${(answer) => (answer.since
      ? html`<${Off} ...${answer} changed=${state.retry} />`
      : html`<${On} on=${on} />`)}<//>
  <//>`;
}

function Codes({ codes }) {
  return html`<div class="secret" role="group" aria-label=${t('Recovery codes')}>
    <p role="status">${t('The second factor is on. These codes log you in when the authenticator is lost, each once.')}</p>
    <${Copy} label=${t('Recovery codes')} text=${codes.join('\n')} isLong isNew rows=${codes.length}>${t('They are shown only now: keep them where nobody else reads them.')}<//>
  </div>`;
}

function On({ on }) {
  const [begun, setBegun] = useState(null);
  const begin = async ({ password }) => setBegun(await send('POST', PATH, { password: password.value }));
  if (begun) return html`<${Confirm} ...${begun} on=${on} />`;
  return html`
    <p class="muted">${t('It is off. With one, to log in takes a code of an authenticator app beside the password.')}</p>
    <${Form} act=${begin} submit=${t('Set it up')} done="">${(problems) => html`<${PasswordField} problems=${problems} />`}<//>
  `;
}

function Confirm({ secret, uri, on }) {
  const confirm = ({ code }) => send('POST', `${PATH}/confirm`, { code: code.value }).then(on);
  return html`
    <p>${t('Let the authenticator scan this, or type the key.')} <a href=${uri}>${t('Open it on this device')}</a></p>
    <${QrCode} text=${uri} label=${t('The key as a QR code')} />
    <${Copy} label=${t('Key')} text=${secret}>${t('Time-based, SHA-1, 6 digits, 30 seconds.')}<//>
    <${Form} act=${confirm} submit=${t('Turn it on')} done="">${(problems) => html`<${CodeField} problems=${problems} hint=${t('The six digits that the authenticator shows.')} />`}<//>
  `;
}

function Off({ since, recovery_codes: left, changed }) {
  const act = ({ password, code }) => send('POST', `${PATH}/disable`, { password: password.value, code: code.value }).then(changed);
  return html`
    <p>${t('On since {day}.', { day: ownDay(since) })} ${t('{codes} left.', { codes: plural(left, 'recovery code') })}</p>
    <${Form} act=${act} submit=${t('Turn it off')} done="">${(problems) => html`
      <${PasswordField} problems=${problems} />
      <${CodeField} problems=${problems} hint=${t('Of the authenticator, or a recovery code.')} />
    `}<//>
  `;
}

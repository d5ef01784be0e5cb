// Another password, with how strong it is.

import { send } from '../../api/client.js';
import { Field, Form } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { t } from '../../text/words.js';

const LEAST = 8;
const GOOD = 16;
const MOST_BYTES = 72;

/** How strong a password is: 0 to 3, and words. Length counts, as the service has it, which also
 *  refuses the commonest ones. */
function strengthOf(text) {
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MOST_BYTES) return [0, t('Too long: at most {n} bytes.', { n: MOST_BYTES })];
  if (text.length < LEAST) return [text ? 1 : 0, t('Too short: at least {n} characters.', { n: LEAST })];
  if (new Set(text).size < LEAST) return [1, t('Weak: few different characters.')];
  return text.length < GOOD ? [2, t('Fair: longer is stronger.')] : [3, t('Strong.')];
}

export function Password() {
  const [typed, setTyped] = useState('');
  const [strength, words] = strengthOf(typed);
  const act = async ({ old_password: old, password }) => {
    await send('POST', 'auth/password', { old_password: old.value, password: password.value });
    setTyped('');
  };
  const hint = html`<span class="strength"><meter min="0" max="3" low="2" high="3" optimum="3" value=${strength} aria-label=${t('Strength')}></meter> <span role="status">${typed ? words : t('Three or four words that have nothing to do with each other.')}</span></span>`;
  return html`<${Card} id="password" title=${t('Password')}>
    <p class="muted">${t('A new one ends all your other logins. API keys stay.')}</p>
    <${Form} act=${act} submit=${t('Change the password')} clears done=${t('Changed. All other logins have ended.')}>${(problems) => html`
      <${Field} ...${{ problems }} label=${t('Password now')} name="old_password" type="password" required autocomplete="current-password" />
      <${Field} ...${{ problems, hint }} label=${t('New password')} name="password" type="password" required autocomplete="new-password" onInput=${({ target }) => setTyped(target.value)} />
    `}<//>
  <//>`;
}

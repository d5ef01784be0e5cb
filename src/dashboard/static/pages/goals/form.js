// The form for a new goal: a name, and a page or an event with at most one property.

import { send } from '../../api/client.js';
import { Dialog } from '../../parts/dialog.js';
import { html, useState } from '../../parts/html.js';
import { Pick } from '../../parts/pick.js';
import { site } from '../../state/site.js';
import { t } from '../../text/words.js';

const WORDS = { page: t('Page, or a pattern as /blog/*'), event: t('Name of the event') };

/** The name of an event as it was picked, where it had to be written as an object. */
function eventName(step) {
  try {
    return JSON.parse(step).event ?? step;
  } catch {
    return step;
  }
}

const bodyOf = (kind, what, { name, property, value }) => ({
  site,
  name: name.value.trim(),
  [kind]: kind === 'event' ? eventName(what) : what,
  ...(property.value && { props: { [property.value]: value.value } }),
});

export function NewGoal({ view, close, changed }) {
  const [kind, setKind] = useState('page');
  const [what, setWhat] = useState('');
  const [error, setError] = useState(null);
  const change = ({ target }) => {
    setKind(target.value);
    setWhat('');
  };
  const submit = (event) => {
    event.preventDefault();
    if (!what) return setError(new Error(t(kind === 'page' ? 'Say which page.' : 'Say which event.')));
    return send('POST', 'goals', bodyOf(kind, what, event.target.elements)).then(changed, setError);
  };
  return html`<${Dialog} id="goal" title=${t('New goal')} close=${close}>
    <form onSubmit=${submit}>
      <label>${t('Name')} <input name="name" required maxlength="200" autocomplete="off" /></label>
      <label>${t('Reached when somebody')}
        <select name="kind" onChange=${change}>
          <option value="page" selected=${kind === 'page'}>${t('views a page')}</option>
          <option value="event" selected=${kind === 'event'}>${t('sends an event')}</option>
        </select>
      </label>
      <div class="labelled"><${Pick} key=${kind} label=${WORDS[kind]} placeholder=${WORDS[kind]} value=${what} view=${view} choose=${setWhat} dimensions=${[kind]} /></div>
      <div class="fields">
        <label>${t('With the property')} <input name="property" maxlength="200" autocomplete="off" placeholder=${t('any')} /></label>
        <label>${t('of the value')} <input name="value" maxlength="2000" autocomplete="off" /></label>
      </div>
      ${error && html`<p class="error" role="alert">${error.message}</p>`}
      <p class="end"><button type="submit">${t('Save the goal')}</button></p>
    </form>
  <//>`;
}

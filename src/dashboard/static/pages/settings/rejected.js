// Rejected events with the reason of each; they can be submitted again.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Empty, Loaded } from '../../parts/states.js';
import { follow, link, useAddress } from '../../state/address.js';
import { ownMoment, plural } from '../../text/format.js';
import { t } from '../../text/words.js';

const SHOWN = 50;

export function Rejected({ site }) {
  const params = useAddress();
  const [before, error] = [params.get('before'), params.get('error')];
  const path = `sites/${site.key}/rejected`;
  const list = useQuestion(path, { before, error, limit: SHOWN });
  const [said, setSaid] = useState(null);
  const replay = (body) => send('POST', `${path}/replay`, body).then(setSaid, (problem) => setSaid({ problem })).then(list.retry);
  return html`<${Card} id="rejected" title=${t('Rejected events')} tools=${html`<button type="button" class="quiet" onClick=${() => replay(error ? { error } : {})}>${t(error ? 'Submit these again' : 'Submit all again')}</button>`}>
    <p class="muted">${t('Mend the reason first: what is rejected again stays here. They are kept for a while.')}</p>
    ${said && html`<${Said} ...${said} />`}
    ${error && html`<p>${t('Only')} <code>${error}</code>. <a href=${link({ error: null, before: null })} onClick=${follow}>${t('Show all')}</a></p>`}
    <${Loaded} result=${list} retry=${list.retry} rows=${5}>${(events) => html`<${Events} ...${{ events, replay, before }} />`}<//>
  <//>`;
}

function Said({ problem, accepted, duplicate, rejected }) {
  if (problem) return html`<p class="error" role="alert">${problem.message}</p>`;
  return html`<p role="status">${t('{events} stored, {duplicate} stored already, {rejected} rejected again.', { events: plural(accepted, 'event'), duplicate, rejected: rejected.length })}</p>`;
}

function Events({ events, replay, before }) {
  if (!events.length) return html`<${Empty}>${t(before ? 'No older ones.' : 'No event was rejected.')}<//>`;
  return html`
    <ul class="rows" aria-label=${t('Rejected events')}>${events.map((event) => html`<${Event} key=${event.id} ...${{ event, replay }} />`)}</ul>
    ${events.length === SHOWN && html`<p class="paging"><a class="button" href=${link({ before: events.at(-1).id })} onClick=${follow}>${t('Older')}</a></p>`}
  `;
}

function Event({ event: { id, error, detail, received_at: time, user_agent: agent, payload }, replay }) {
  return html`<li>
    <details class="what">
      <summary><span class="words">${detail}</span> <span class="muted">${ownMoment(time)}</span></summary>
      <p><a href=${link({ error, before: null })} onClick=${follow}>${error}</a> <span class="muted">${agent}</span></p>
      <pre tabindex="0">${payload}</pre>
    </details>
    <div class="does"><button type="button" class="quiet" onClick=${() => replay({ ids: [id] })}>${t('Submit again')}</button></div>
  </li>`;
}

// Alert rules of a site: conditions on its numbers, and who is told when one is met.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Confirm } from '../../forms/confirm.js';
import { Secret } from '../../forms/copy.js';
import { Check, Field, Form, Select } from '../../forms/form.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { decimal, ownMoment, plural } from '../../text/format.js';

/** Key, words of the choice, words of a rule, label of the threshold, what else it takes. */
const KINDS = {
  traffic_spike: { words: 'more visits than usual', threshold: 'More by, in percent', usual: 100, of: ({ threshold }) => `${decimal(threshold)}% more visits than usual` },
  traffic_drop: { words: 'fewer visits than usual', threshold: 'Fewer by, in percent', usual: 50, of: ({ threshold }) => `${decimal(threshold)}% fewer visits than usual` },
  anomaly: { words: 'an anomaly of visits', threshold: 'From a score of', usual: 4, of: ({ threshold }) => `an anomaly of visits with a score of ${decimal(threshold)} or more` },
  goal_reached: { words: 'a goal is reached', threshold: 'So often', usual: 1, of: ({ threshold, goal }) => `“${goal}” reached ${plural(threshold, 'time')}` },
  not_found: { words: 'pages not found', threshold: 'So many', usual: 10, of: ({ threshold }) => `${plural(threshold, 'page')} not found` },
  revenue_above: { words: 'a revenue of', threshold: 'At least', usual: 1000, of: ({ threshold, currency }) => `a revenue of ${decimal(threshold)} ${currency} or more` },
  revenue_below: { words: 'a revenue below', threshold: 'Less than', usual: 100, of: ({ threshold, currency }) => `a revenue of less than ${decimal(threshold)} ${currency}` },
};

const CHOICES = Object.entries(KINDS).map(([key, { words }]) => [key, words]);
const PERIODS = [['hour', 'an hour'], ['day', 'a day']];

export function Alerts({ site }) {
  const path = `sites/${site.key}/alerts`;
  const rules = useQuestion(path, {});
  const [made, setMade] = useState(null);
  const act = async (fields) => {
    setMade(await send('POST', path, bodyOf(fields)));
    rules.retry();
  };
  return html`<${Card} id="alerts" title="Alerts">
    <p class="muted">A rule is looked at every minute, and told once of each hour or day in which it is met. What is usual is the median of the same hour or day of the four weeks before.</p>
    ${made?.webhook_secret && html`<${Secret} label=${`Secret of “${made.name}”`} text=${made.webhook_secret} />`}
    <${Loaded} result=${rules} retry=${rules.retry} rows=${2}>${(items) => html`<${Rules} ...${{ path, items }} changed=${rules.retry} />`}<//>
    <h3>New rule</h3>
    <${NewRule} ...${{ site, act }} />
  <//>`;
}

/** What the fields of the form say. */
function bodyOf(fields) {
  const { name, kind, threshold, per, minimum, goal, currency, tells_editors: tells, webhook } = fields;
  return {
    name: name.value,
    kind: kind.value,
    threshold: Number(threshold.value),
    per: per.value,
    ...(minimum && { minimum: Number(minimum.value) }),
    ...(goal && { goal: goal.value }),
    ...(currency && { currency: currency.value }),
    tells_editors: tells.checked,
    email_to: [...document.querySelectorAll('#alerts [data-account]:checked')].map((box) => Number(box.dataset.account)),
    webhook: webhook.value ? { url: webhook.value.trim() } : null,
  };
}

function NewRule({ site, act }) {
  const [kind, setKind] = useState('traffic_spike');
  const goals = useQuestion('goals', { site: site.key });
  const members = useQuestion(`sites/${site.key}/members`, {});
  const { threshold, usual } = KINDS[kind];
  const make = (fields) => act(fields).then(() => setKind('traffic_spike'));
  return html`<${Form} act=${make} submit="Make the rule" clears done="It stands above.">${(problems) => html`
    <${Field} ...${{ problems }} label="Name" name="name" required maxlength="100" autocomplete="off" />
    <${Select} ...${{ problems }} label="Tell of" name="kind" options=${CHOICES} value=${kind} onChange=${({ target }) => setKind(target.value)} />
    ${kind === 'goal_reached' && html`<${Select} ...${{ problems }} label="Goal" name="goal" options=${(goals.answer ?? []).map(({ name }) => [name, name])} />`}
    <${Field} key=${kind} ...${{ problems }} label=${threshold} name="threshold" type="number" min="0" step="any" required defaultValue=${usual} />
    ${kind.startsWith('revenue') && html`<${Field} ...${{ problems }} label="Currency" name="currency" required maxlength="3" placeholder="EUR" autocomplete="off" />`}
    <${Select} ...${{ problems }} label="In" name="per" options=${PERIODS} value=${kind.startsWith('revenue') ? 'day' : 'hour'} />
    ${(kind.startsWith('traffic') || kind === 'anomaly') && html`<${Field} ...${{ problems }} label="From so many visits on" name="minimum" type="number" min="1" required defaultValue="10" hint="Of fewer visits nobody is told." />`}
    <${Check} label="Notify the editors of the site" name="tells_editors" defaultChecked />
    <fieldset name="email_to" class="field">
      <legend>Send an e-mail to</legend>
      ${(members.answer ?? []).map((member) => html`<${Recipient} key=${member.account} ...${{ member }} />`)}
      <${Wrong} problems=${problems} of="email_to" />
    </fieldset>
    <${Field} ...${{ problems }} label="Send a message to" name="webhook" type="url" placeholder="https://hooks.example.com/…" autocomplete="off" hint="A signed webhook, as of jobs." />
  `}<//>`;
}

const Recipient = ({ member: { account, full_name: full, username, email } }) =>
  html`<label class="check"><input type="checkbox" data-account=${account} /> ${full || username || email || `Account ${account}`}</label>`;

function Wrong({ problems, of }) {
  const wrong = problems.filter(({ where }) => where.startsWith(of));
  return wrong.length > 0 && html`<p class="error" role="alert">${wrong.map(({ problem }) => problem).join('; ')}</p>`;
}

function Rules({ path, items, changed }) {
  const [chosen, setChosen] = useState(null);
  const [shown, setShown] = useState(null);
  const close = () => setChosen(null);
  const act = () => send('DELETE', `${path}/${chosen.id}`).then(() => {
    close();
    changed();
  });
  const turn = ({ id, is_active: isActive }) => send('PATCH', `${path}/${id}`, { is_active: !isActive }).then(changed, changed);
  const row = (rule) => ({
    key: rule.id,
    title: rule.name,
    about: html`${aboutRule(rule)}${shown === rule.id && html`<${Occurrences} path=${`${path}/${rule.id}/occurrences`} />`}`,
    tools: html`
      <button type="button" class="quiet" aria-expanded=${shown === rule.id} aria-label=${`History of ${rule.name}`} onClick=${() => setShown(shown === rule.id ? null : rule.id)}>History</button>
      <button type="button" class="quiet" aria-label=${`${rule.is_active ? 'Pause' : 'Resume'} ${rule.name}`} onClick=${() => turn(rule)}>${rule.is_active ? 'Pause' : 'Resume'}</button>
      <button type="button" class="quiet" aria-label=${`Delete ${rule.name}`} onClick=${() => setChosen(rule)}>Delete</button>`,
  });
  return html`<${Rows} label="Alert rules" items=${items} empty="No rule watches this site." row=${row} />
    ${chosen && html`<${Confirm} id="delete" title="Delete a rule" no="Keep it" yes="Delete it" ...${{ act, close }}><p>Nobody is told any more. Delete ${chosen.name}?</p><//>`}`;
}

function aboutRule(rule) {
  const receivers = [rule.tells_editors && 'notifies editors', rule.email_to.length && plural(rule.email_to.length, 'e-mail'), rule.webhook_url && 'webhook'];
  const words = `${KINDS[rule.kind]?.of(rule) ?? rule.kind} in ${rule.per === 'day' ? 'a day' : 'an hour'}`;
  return [!rule.is_active && 'paused', words, ...receivers].filter(Boolean).join(' · ');
}

function Occurrences({ path }) {
  const found = useQuestion(path, {});
  const words = ({ value, expected }) => (expected === null ? decimal(value) : `${decimal(value)}, usual are ${decimal(expected)}`);
  return html`<${Loaded} result=${found} retry=${found.retry} rows=${2}>${(rows) =>
    rows.length ? rows.map((one) => html`<p key=${one.id}>${ownMoment(one.starts_at)}: ${words(one)}</p>`) : html`<p>It was never met.</p>`}<//>`;
}

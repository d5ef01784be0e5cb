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
import { t } from '../../text/words.js';

/** Key, words of the choice, words of a rule, label of the threshold, what else it takes. */
const KINDS = {
  traffic_spike: { words: t('more visits than usual'), threshold: t('More by, in percent'), usual: 100, of: ({ threshold }) => t('{n}% more visits than usual', { n: decimal(threshold) }) },
  traffic_drop: { words: t('fewer visits than usual'), threshold: t('Fewer by, in percent'), usual: 50, of: ({ threshold }) => t('{n}% fewer visits than usual', { n: decimal(threshold) }) },
  anomaly: { words: t('an anomaly of visits'), threshold: t('From a score of'), usual: 4, of: ({ threshold }) => t('an anomaly of visits with a score of {n} or more', { n: decimal(threshold) }) },
  goal_reached: { words: t('a goal is reached'), threshold: t('So often'), usual: 1, of: ({ threshold, goal }) => t('“{goal}” reached {times}', { goal, times: plural(threshold, 'time') }) },
  not_found: { words: t('pages not found'), threshold: t('So many'), usual: 10, of: ({ threshold }) => t('{pages} not found', { pages: plural(threshold, 'page') }) },
  revenue_above: { words: t('a revenue of'), threshold: t('At least'), usual: 1000, of: ({ threshold, currency }) => t('a revenue of {amount} or more', { amount: `${decimal(threshold)} ${currency}` }) },
  revenue_below: { words: t('a revenue below'), threshold: t('Less than'), usual: 100, of: ({ threshold, currency }) => t('a revenue of less than {amount}', { amount: `${decimal(threshold)} ${currency}` }) },
};

const CHOICES = Object.entries(KINDS).map(([key, { words }]) => [key, words]);
const PERIODS = [['hour', t('an hour')], ['day', t('a day')]];

export function Alerts({ site }) {
  const path = `sites/${site.key}/alerts`;
  const rules = useQuestion(path, {});
  const [made, setMade] = useState(null);
  const act = async (fields) => {
    setMade(await send('POST', path, bodyOf(fields)));
    rules.retry();
  };
  return html`<${Card} id="alerts" title=${t('Alerts')}>
    <p class="muted">${t('A rule is looked at every minute, and told once of each hour or day in which it is met. What is usual is the median of the same hour or day of the four weeks before.')}</p>
    ${made?.webhook_secret && html`<${Secret} label=${t('Secret of “{name}”', made)} text=${made.webhook_secret} />`}
    <${Loaded} result=${rules} retry=${rules.retry} rows=${2}>${(items) => html`<${Rules} ...${{ path, items }} changed=${rules.retry} />`}<//>
    <h3>${t('New rule')}</h3>
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
  return html`<${Form} act=${make} submit=${t('Make the rule')} clears done=${t('It stands above.')}>${(problems) => html`
    <${Field} ...${{ problems }} label=${t('Name')} name="name" required maxlength="100" autocomplete="off" />
    <${Select} ...${{ problems }} label=${t('Tell of')} name="kind" options=${CHOICES} value=${kind} onChange=${({ target }) => setKind(target.value)} />
    ${kind === 'goal_reached' && html`<${Select} ...${{ problems }} label=${t('Goal')} name="goal" options=${(goals.answer ?? []).map(({ name }) => [name, name])} />`}
    <${Field} key=${kind} ...${{ problems }} label=${threshold} name="threshold" type="number" min="0" step="any" required defaultValue=${usual} />
    ${kind.startsWith('revenue') && html`<${Field} ...${{ problems }} label=${t('Currency')} name="currency" required maxlength="3" placeholder=${'EUR'} autocomplete="off" />`}
    <${Select} ...${{ problems }} label=${t('In')} name="per" options=${PERIODS} value=${kind.startsWith('revenue') ? 'day' : 'hour'} />
    ${(kind.startsWith('traffic') || kind === 'anomaly') && html`<${Field} ...${{ problems }} label=${t('From so many visits on')} name="minimum" type="number" min="1" required defaultValue="10" hint=${t('Of fewer visits nobody is told.')} />`}
    <${Check} label=${t('Notify the editors of the site')} name="tells_editors" defaultChecked />
    ${members.answer?.length > 0 && html`<${Recipients} ...${{ problems }} members=${members.answer} />`}
    <${Field} ...${{ problems }} label=${t('Send a message to')} name="webhook" type="url" placeholder="https://hooks.example.com/…" autocomplete="off" hint=${t('A signed webhook, as of jobs.')} />
  `}<//>`;
}

function Recipients({ members, problems }) {
  return html`<fieldset name="email_to" class="field">
    <legend>${t('Send an e-mail to')}</legend>
    ${members.map((member) => html`<${Recipient} key=${member.account} ...${{ member }} />`)}
    <${Wrong} problems=${problems} of="email_to" />
  </fieldset>`;
}

const Recipient = ({ member: { account, full_name: full, username, email } }) =>
  html`<label class="check"><input type="checkbox" data-account=${account} /> ${full || username || email || t('Account {number}', { number: account })}</label>`;

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
      <button type="button" class="quiet" aria-expanded=${shown === rule.id} aria-label=${t('History of {name}', rule)} onClick=${() => setShown(shown === rule.id ? null : rule.id)}>${t('History')}</button>
      <button type="button" class="quiet" aria-label=${`${turnWords(rule)}: ${rule.name}`} onClick=${() => turn(rule)}>${turnWords(rule)}</button>
      <button type="button" class="quiet" aria-label=${t('Delete {name}', rule)} onClick=${() => setChosen(rule)}>${t('Delete')}</button>`,
  });
  return html`<${Rows} label=${t('Alert rules')} items=${items} empty=${t('No rule watches this site.')} row=${row} />
    ${chosen && html`<${Confirm} id="delete" title=${t('Delete a rule')} no=${t('Keep it')} yes=${t('Delete it')} ...${{ act, close }}><p>${t('Nobody is told any more. Delete {name}?', chosen)}</p><//>`}`;
}

const turnWords = ({ is_active: isActive }) => t(isActive ? 'Pause' : 'Resume');

function aboutRule(rule) {
  const receivers = [rule.tells_editors && t('notifies editors'), rule.email_to.length && plural(rule.email_to.length, 'e-mail'), rule.webhook_url && t('webhook')];
  const words = t(rule.per === 'day' ? '{what} in a day' : '{what} in an hour', { what: KINDS[rule.kind]?.of(rule) ?? rule.kind });
  return [!rule.is_active && t('paused'), words, ...receivers].filter(Boolean).join(' · ');
}

function Occurrences({ path }) {
  const found = useQuestion(path, {});
  const words = ({ value, expected }) => (expected === null ? decimal(value) : t('{value}, usual are {expected}', { value: decimal(value), expected: decimal(expected) }));
  return html`<${Loaded} result=${found} retry=${found.retry} rows=${2}>${(rows) =>
    rows.length ? rows.map((one) => html`<p key=${one.id}>${ownMoment(one.starts_at)}: ${words(one)}</p>`) : html`<p>${t('It was never met.')}</p>`}<//>`;
}

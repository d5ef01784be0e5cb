// How long raw data of a site is kept; bots that were counted as visitors.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Field, Form } from '../../forms/form.js';
import { Card } from '../../parts/card.js';
import { html, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { ownDay, plural } from '../../text/format.js';
import { t } from '../../text/words.js';

export const Data = ({ site }) => html`<${Retention} site=${site} /><${Bots} site=${site} />`;

const daysWords = (days) => (days ? plural(days, 'day') : t(t('for ever')));

function Retention({ site }) {
  const path = `sites/${site.key}/retention`;
  const kept = useQuestion(path, {});
  const [saved, save] = useState(null);
  const act = ({ days }) => send('PUT', path, { days: days.value === '' ? null : Number(days.value) }).then(save);
  return html`<${Card} id="retention" title=${t('How long raw data is kept')}>
    <${Loaded} result=${kept} retry=${kept.retry} rows=${3}>${(answer) => html`
      <${Now} retention=${saved ?? answer} />
      <${Form} act=${act} submit=${t('Save')}>${(problems) => html`
        <${Field} ...${{ problems }} label=${t('Days')} name="days" type="number" min="0" placeholder=${t('As the installation')} defaultValue=${answer.days}
          hint=${t('0 is for ever. Older events and visits are removed within the hour and cannot be restored; sums of them stay.')} />
      `}<//>
    `}<//>
  <//>`;
}

function Now({ retention: { days, effective_days: effective, raw_data_since: since } }) {
  const kept = { days: daysWords(effective) };
  return html`<p>${days === null ? t('Now: {days}, as this installation keeps it.', kept) : t('Now: {days}.', kept)}
    ${since && ` ${t('Raw data before {day} is gone.', { day: ownDay(since) })}`}</p>`;
}

function Bots({ site }) {
  const [moved, setMoved] = useState(null);
  const act = async ({ visit_id: visit, bot }) => {
    setMoved(await send('POST', `sites/${site.key}/bots`, { visit_id: visit.value.trim(), ...(bot.value && { bot: bot.value }) }));
  };
  return html`<${Card} id="bots" title=${t('A bot among the visitors')}>
    <p class="muted">${t('Bots that say what they are go to the report on bots by themselves. This moves all events of a visitor there.')}</p>
    <${Form} act=${act} submit=${t('Move to bots')} clears done=${moved ? t('Moved: {events} of {visits}.', { events: plural(moved.events, 'event'), visits: plural(moved.visits, 'visit') }) : ''}>${(problems) => html`
      <${Field} ...${{ problems }} label=${t('Visit')} name="visit_id" required autocomplete="off" spellcheck=${false}
        hint=${html`${t('The id of one of its visits:')} <a href=${`/sessions?${new URLSearchParams({ site: site.key })}`}>${t('Sessions')}</a>`} />
      <${Field} ...${{ problems }} label=${t('Name of the bot')} name="bot" maxlength="200" placeholder=${t('unrecognised bot')} />
    `}<//>
  <//>`;
}

// Background jobs, for superusers: what each last did, and a button to run it now.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useEffect, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { capital, decimal, ownMoment } from '../../text/format.js';
import { t } from '../../text/words.js';

const WAIT = 1000;

export function Jobs() {
  const list = useQuestion('background-jobs', {});
  const [error, setError] = useState(null);
  const run = ({ name }) => send('POST', `jobs/${name}/run`).then(() => setError(null), setError).then(list.retry);
  const isWaiting = list.answer?.some((job) => job.asked_at || job.status === 'running');
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setTimeout(list.retry, WAIT);
    return () => clearTimeout(timer);
  }, [list.answer]);
  const row = (job) => ({
    key: job.name,
    title: wordsOf(job),
    about: aboutOf(job),
    tools: html`<button type="button" class="quiet" aria-label=${t('Run: {name}', { name: wordsOf(job) })} disabled=${Boolean(job.asked_at)} onClick=${() => run(job)}>${t('Run now')}</button>`,
  });
  return html`<${Card} id="jobs" title=${t('Background jobs')}>
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <${Loaded} result=${list} retry=${list.retry} rows=${10}>${(items) => html`<${Rows} label=${t('Background jobs')} ...${{ items, row }} empty="" />`}<//>
  <//>`;
}

/** What a job does: an English text of the API. */
const wordsOf = ({ title }) => t(capital(title));

const STATES = { waiting: t('has not run yet'), running: t('runs'), done: t('done'), failed: t('failed') };

function aboutOf({ status, asked_at: asked, started_at: begun, duration_seconds: seconds, next_due_at: due, result, error }) {
  const state = html`<span class=${status === 'failed' ? 'error' : ''}>${asked ? t('is to run now') : STATES[status]}</span>`;
  const facts = [begun && ownMoment(begun), seconds !== null && `${decimal(seconds)} s`, result && t('result: {result}', { result }), error, due && t('next {time}', { time: ownMoment(due) })];
  return html`${state}${facts.filter(Boolean).map((fact) => ` · ${fact}`)}`;
}

// Background jobs, for superusers: what each last did, and a button to run it now.

import { send } from '../../api/client.js';
import { useQuestion } from '../../api/question.js';
import { Rows } from '../../forms/rows.js';
import { Card } from '../../parts/card.js';
import { html, useEffect, useState } from '../../parts/html.js';
import { Loaded } from '../../parts/states.js';
import { capital, decimal, ownMoment } from '../../text/format.js';

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
    title: capital(job.title),
    about: aboutOf(job),
    tools: html`<button type="button" class="quiet" aria-label=${`Run: ${job.title}`} disabled=${Boolean(job.asked_at)} onClick=${() => run(job)}>Run now</button>`,
  });
  return html`<${Card} id="jobs" title="Background jobs">
    ${error && html`<p class="error" role="alert">${error.message}</p>`}
    <${Loaded} result=${list} retry=${list.retry} rows=${10}>${(items) => html`<${Rows} label="Background jobs" ...${{ items, row }} empty="" />`}<//>
  <//>`;
}

const STATES = { waiting: 'has not run yet', running: 'runs', done: 'done', failed: 'failed' };

function aboutOf({ status, asked_at: asked, started_at: begun, duration_seconds: seconds, next_due_at: due, result, error }) {
  const state = html`<span class=${status === 'failed' ? 'error' : ''}>${asked ? 'is to run now' : STATES[status]}</span>`;
  const facts = [begun && ownMoment(begun), seconds !== null && `${decimal(seconds)} s`, result && `result: ${result}`, error, due && `next ${ownMoment(due)}`];
  return html`${state}${facts.filter(Boolean).map((fact) => ` · ${fact}`)}`;
}

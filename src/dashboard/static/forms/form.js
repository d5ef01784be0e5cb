// Forms that send something. What is refused stands beside the field that it is about.

import { html, useId, useRef, useState } from '../parts/html.js';
import { t } from '../text/words.js';

const QUIET = { problems: [], message: null, done: false, busy: false };

/** The name of the field that a problem is about: origins.0 is about origins. */
const fieldOf = ({ where }) => where.split('.')[0];

/** What a form shows of a refusal: beside its fields, and below them. */
function shown(error, elements) {
  const beside = (error.problems ?? []).filter((problem) => elements.namedItem(fieldOf(problem)));
  const isAll = beside.length && beside.length === error.problems.length;
  return { ...QUIET, problems: beside, message: isAll ? null : error.message };
}

/** A form. `act` gets its fields by name, and sends them; it throws a Refusal.
 * @param {{ act: (fields: HTMLFormControlsCollection) => Promise<unknown>, submit: string,
 *   done?: string, clears?: boolean, children: (problems: object[]) => unknown }} props Afterwards `done`
 *   is said, and with `clears` the fields are as they were at first */
export function Form({ act, submit, done = t('Saved.'), clears = false, children: fields }) {
  const [state, setState] = useState(QUIET);
  const form = useRef(null);
  const send = async (event) => {
    event.preventDefault();
    setState({ ...QUIET, busy: true });
    try {
      await act(form.current.elements);
      setState({ ...QUIET, done: true });
      if (clears) form.current?.reset();
    } catch (error) {
      const found = shown(error, form.current.elements);
      setState(found);
      if (found.problems.length) form.current.elements.namedItem(fieldOf(found.problems[0])).focus?.();
    }
  };
  return html`<form class="form" ref=${form} onSubmit=${send}>
    ${fields(state.problems)}
    ${state.message && html`<p class="error" role="alert">${state.message}</p>`}
    <p class="send"><button type="submit" disabled=${state.busy}>${submit}</button>
      <span class="muted" role="status">${state.done ? done : ''}</span></p>
  </form>`;
}

/** What is wrong with a field, in one sentence; '' if nothing is. */
function wordsFor(problems, name) {
  const own = problems.filter((problem) => fieldOf(problem) === name);
  return own.map(({ where, problem, allowed }) => {
    const place = where === name ? '' : `${t('Line {n}', { n: Number.parseInt(where.split('.')[1], 10) + 1 })}: `;
    return `${place}${problem}${allowed?.length ? `: ${allowed.join(', ')}` : ''}`;
  }).join('; ');
}

/** A row of a form: label, control, hint, what is wrong.
 * @param {{ label: string, name: string, hint?: unknown, problems?: object[], as?: string,
 *   children?: unknown }} props `as` is the element of the control; what else is given are its attributes */
export function Field({ label, name, hint, problems = [], as = 'input', children, ...more }) {
  const id = useId();
  const wrong = wordsFor(problems, name);
  const control = { id, name, 'aria-invalid': Boolean(wrong), 'aria-describedby': `${id}-about`, ...more };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <${as} ...${control}>${children}<//>
    <p class="about" id=${`${id}-about`}>
      ${wrong && html`<span class="error" role="alert">${wrong}</span>`}
      ${hint && html`<span class="muted">${hint}</span>`}
    </p>
  </div>`;
}

/** A row with a choice of a few. @param {{ options: [string, string][], value?: string }} props Keys and words. */
export function Select({ options, value, ...more }) {
  return html`<${Field} as="select" ...${more}>
    ${options.map(([key, words]) => html`<option key=${key} value=${key} selected=${key === value}>${words}</option>`)}
  <//>`;
}

/** A row with a box to tick. */
export function Check({ label, name, hint, ...more }) {
  const id = useId();
  return html`<div class="field">
    <label class="check" for=${id}><input type="checkbox" id=${id} name=${name} aria-describedby=${`${id}-about`} ...${more} /> ${label}</label>
    <p class="about muted" id=${`${id}-about`}>${hint}</p>
  </div>`;
}

/** The lines of a text field that have something in them. */
export const linesOf = (text) => text.split('\n').map((line) => line.trim()).filter(Boolean);

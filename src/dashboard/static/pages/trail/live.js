// The state of the connection that tells of new entries, and a button to pause.

import { watch } from '../../api/socket.js';
import { html, useEffect, useRef, useState } from '../../parts/html.js';
import { count } from '../../text/format.js';
import { t } from '../../text/words.js';

const GATHER = 500; // milliseconds in which entries are gathered, so that a flood of them is no flood of questions

const WORDS = { connecting: t('Connecting'), live: t('Live'), reconnecting: t('Reconnecting') };

/** @param {{ changed: () => void }} props Called soon after entries were added, unless paused. */
export function Live({ changed }) {
  const [state, setState] = useState('connecting');
  const [waiting, setWaiting] = useState(null); // how many came since it was paused; null if it is not
  const isPaused = useRef(false);
  useEffect(() => {
    let timer = null;
    const soon = () => {
      timer = null;
      if (!isPaused.current) changed();
    };
    const told = () => {
      setWaiting((number) => (number === null ? null : number + 1));
      timer ??= setTimeout(soon, GATHER);
    };
    const stop = watch('audit/live', {}, { message: told, state: setState });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, []);
  // What was added while the connection was lost is not told: it is asked for.
  useEffect(() => {
    if (state === 'live' && !isPaused.current) changed();
  }, [state]);
  const pause = () => {
    isPaused.current = !isPaused.current;
    setWaiting(isPaused.current ? 0 : null);
    if (!isPaused.current) changed();
  };
  const isStill = waiting !== null;
  const words = isStill && state === 'live' ? t('Paused, {n} since', { n: count(waiting) }) : WORDS[state];
  return html`<span class="connection" data-state=${isStill && state === 'live' ? 'paused' : state} role="status"><span class="dot"></span> ${words}</span>
    <button type="button" class="quiet" aria-pressed=${isStill} onClick=${pause}>${t(isStill ? 'Go on' : 'Pause')}</button>`;
}

// The list of sites in the header: search, keyboard, the same page about another site.

import { get } from './api/client.js';
import { html, render, useEffect, useRef, useState } from './parts/html.js';
import { t } from './text/words.js';

const SHOWN = 8;
const WAIT = 150;
const CARRIED = ['period', 'from', 'to', 'compare', 'compare_from', 'compare_to', 'section'];

/** Opens the list below a button, or closes it. @param {HTMLElement} button */
export function toggle(button) {
  const isOpen = button.ariaExpanded === 'true';
  const box = button.parentElement.querySelector('.panel') ?? document.createElement('div');
  box.className = 'panel sites';
  if (isOpen) close(button, box);
  else open(button, box);
}

function open(button, box) {
  button.after(box);
  button.ariaExpanded = 'true';
  render(html`<${Switcher} close=${() => close(button, box)} box=${box.parentElement} />`, box);
}

function close(button, box) {
  const hadFocus = box.contains(document.activeElement);
  render(null, box);
  box.remove();
  button.ariaExpanded = 'false';
  if (hadFocus) button.focus();
}

/** The address of this page about another site; of the overview where the page is about none. */
function addressOf(key) {
  const here = new URLSearchParams(location.search);
  const kept = [...here].filter(([name]) => CARRIED.includes(name));
  const isAboutSite = 'site' in document.getElementById('main').dataset;
  return `${isAboutSite ? location.pathname : '/'}?${new URLSearchParams([['site', key], ...kept])}`;
}

/** The sites that contain a text; null until they are there. */
function useSites(text) {
  const [found, setFound] = useState(null);
  useEffect(() => {
    const abort = new AbortController();
    const ask = () => get('sites', { search: text, limit: SHOWN }, abort.signal).then(
      (sites) => setFound({ sites }),
      (error) => error.name === 'AbortError' || setFound({ sites: [], error }),
    );
    const timer = setTimeout(ask, text ? WAIT : 0);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text]);
  return found;
}

function Switcher({ close: leave, box }) {
  const [text, setText] = useState('');
  const [place, setPlace] = useState(0);
  const input = useRef(null);
  const found = useSites(text);
  const sites = found?.sites ?? [];
  useEffect(() => input.current.focus(), []);
  useLeaving(box, leave);
  const type = ({ target }) => {
    setText(target.value);
    setPlace(0);
  };
  const press = (event) => {
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act({ sites, place, setPlace, leave });
  };
  return html`
    <input ref=${input} type="search" role="combobox" aria-label=${t('Find a site')} placeholder=${t('Find a site')} autocomplete="off"
      aria-expanded="true" aria-controls="site-list" aria-activedescendant=${sites[place] ? `site-${place}` : null}
      value=${text} onInput=${type} onKeyDown=${press} />
    <ul id="site-list" role="listbox" aria-label=${t('Sites')}>
      ${sites.map((site, number) => html`<${Option} key=${site.key} ...${{ site, number }} isChosen=${number === place} />`)}
    </ul>
    <p class="muted" role="status">${found?.error?.message ?? (found && !sites.length ? t('No site has this in its name.') : '')}</p>
    <p class="below"><a href="/sites">${t('All sites')}</a><a href="/sites/new">${t('New site')}</a></p>
  `;
}

const KEYS = {
  ArrowDown: ({ sites, place, setPlace }) => setPlace(Math.min(place + 1, sites.length - 1)),
  ArrowUp: ({ place, setPlace }) => setPlace(Math.max(place - 1, 0)),
  Enter: ({ sites, place }) => sites[place] && location.assign(addressOf(sites[place].key)),
  Escape: ({ leave }) => leave(),
};

function Option({ site: { key, name, domain }, number, isChosen }) {
  return html`<li id=${`site-${number}`} role="option" aria-selected=${isChosen} onClick=${() => location.assign(addressOf(key))}>
    <span class="words">${name}</span>
    ${name !== domain && html`<span class="muted words">${domain}</span>`}
  </li>`;
}

/** Closes what is open at Escape, at a click elsewhere, and when the focus leaves. */
function useLeaving(box, leave) {
  useEffect(() => {
    const outside = ({ target }) => box.contains(target) || leave();
    const escape = ({ key }) => key === 'Escape' && leave();
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    box.addEventListener('keydown', escape);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
      box.removeEventListener('keydown', escape);
    };
  }, []);
}

// What a visitor clicks and submits: marked elements, and by themselves links that lead out, files and forms.

import { visitlog } from './visitlog.js';

const FILES =
  '7z apk avi csv deb dmg doc docx epub exe flac gz ics iso key m4a mkv mov mp3 mp4 mpeg msi odp ods odt ogg pdf pkg' +
  ' pps ppt pptx rar rpm rtf tar tgz txt wav webm wma wmv xls xlsx zip';
const MARKED = ['[data-track]', '[class*=visitlog-event]'];
// Site builders let people set classes, not attributes; some of them take no equals sign.
const CLASS = /^visitlog-([^=]+?)(?:=|--)(.+)$/;

let options;
let files;
let clicked; // in this task

/** Tells the tracker what is clicked and submitted, and that the page was not found, from now on. */
export function listen(given) {
  options = given;
  files = (options.files || FILES).toLowerCase().split(/[\s,.]+/);
  for (const [type, listener] of [['click', click], ['auxclick', click], ['submit', submit]]) {
    addEventListener(type, safe(listener), true); // before the page handles or stops it
  }
  safe(noticeNotFound)();
}

// No error in here may reach the page.
function safe(action) {
  return (event) => {
    try {
      action(event);
    } catch (e) {}
  };
}

function noticeNotFound() {
  const [load] = performance.getEntriesByType('navigation');
  if (load && load.responseStatus == 404) notice('404', {}, false);
}

function notice(name, props, interactive) {
  if (!options.auto || options.auto.includes(name)) visitlog().track(name, { props, interactive });
}

function click(event) {
  const path = event.composedPath(); // also the elements outside of a shadow tree
  const closest = (selector) => path.find((node) => node.matches && node.matches(selector));
  const link = closest('a,area');
  if (event.button > (link ? 1 : 0)) return; // the middle button opens links
  const marked = closest(MARKED.map((selector) => selector + ':not(form)').join());
  if (marked) trackOnce(marked);
  else if (link) follow(link);
}

// A click on a label is followed by one on its control.
function trackOnce(element) {
  if (element != clicked) trackMarked(element);
  clicked = element;
  setTimeout(() => (clicked = 0));
}

function follow(link) {
  const url = new URL(link.href.baseVal || link.href, document.baseURI); // of SVG, too
  const isFile = files.includes(url.pathname.split('.').pop().toLowerCase());
  const props = { url: url.host ? url.origin + url.pathname : link.download };
  if (link.hasAttribute('download') || (url.host && isFile)) notice('download', props);
  else if (url.host && url.host != location.host) notice('outbound', props);
}

function submit({ target, submitter }) {
  // Neither a form that the browser would refuse but for `novalidate`, nor one that closes a dialog.
  if (target.matches(':invalid,[method=dialog]')) return;
  if (submitter && submitter.matches('[formmethod=dialog]')) return;
  // Not target.id: in a form, an input named id would be returned.
  const form = target.getAttribute('id') || target.getAttribute('name');
  if (target.matches(MARKED.join())) trackMarked(target);
  else notice('form', { form });
}

function trackMarked(element) {
  let name = element.getAttribute('data-track');
  const props = {};
  for (const attribute of element.attributes) {
    if (/^data-track-/.test(attribute.name)) props[attribute.name.slice(11)] = attribute.value;
  }
  for (const [key, value] of classesOf(element)) {
    if (key == 'event') name = value;
    else props[key] = value;
  }
  if (name) visitlog().track(name, { props });
}

function classesOf(element) {
  return Array.from(element.classList, (text) => CLASS.exec(text))
    .filter((found) => found)
    .map(([, key, value]) => [key, value.replace(/\+/g, ' ')]);
}

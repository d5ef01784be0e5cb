// A series as a line, dashed where incomplete, with a tooltip for pointer and keys.

import { element, svg } from './dom.js';

const HEIGHT = 250;
const TOP = 14;
const RIGHT = 26;
const BOTTOM = 28;
const LEFT = 54;
const GROUND = HEIGHT - BOTTOM;
const LABEL_WIDTH = 72;

/** Draws { points: [{ value, axis, title, partial }], show, scale, label } into a box. */
export function drawChart(box, { points, show, scale, label }) {
  const width = Math.max(box.clientWidth, 260);
  const most = Math.max(...points.map(({ value }) => value));
  const step = tickStep(most, scale);
  const top = scale === 'share' ? 1 : Math.max(1, Math.ceil(most / step)) * step;
  const gap = (width - LEFT - RIGHT) / Math.max(1, points.length - 1);
  const y = (value) => GROUND - (value / top) * (GROUND - TOP);
  const spots = points.map((point, i) => ({ ...point, x: LEFT + i * gap, y: y(point.value) }));
  const picture = svg(
    'svg',
    { width, height: HEIGHT, role: 'img', 'aria-label': label, tabindex: 0 },
    rules({ y, step, top, show, width }),
    days(spots, gap),
    lines(spots, gap),
  );
  const tooltip = element('div', { class: 'tooltip', 'aria-live': 'polite', hidden: '' });
  box.replaceChildren(picture, tooltip);
  follow(picture, tooltip, { spots, gap, show, width });
}

/** A round step that gives about four lines. */
function tickStep(most, scale) {
  if (scale === 'share') return 0.25;
  const unit = scale === 'seconds' && most > 40 ? 60 : 1;
  const wanted = Math.max(most / 4 / unit, scale === 'decimal' ? 0.1 : 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].find((step) => step * power >= wanted) * power * unit;
}

function rules({ y, step, top, show, width }) {
  const parts = [];
  for (let value = 0; value < top + step / 2; value += step) {
    parts.push(svg('line', { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
    parts.push(svg('text', { x: LEFT - 10, y: y(value) + 4, 'text-anchor': 'end' }, show(value)));
  }
  return parts;
}

/** As many of the times as fit, always with the last one. */
function days(spots, gap) {
  const every = Math.ceil(LABEL_WIDTH / gap);
  return spots
    .filter((_, index) => (spots.length - 1 - index) % every === 0)
    .map(({ x, axis }) => svg('text', { x, y: HEIGHT - 6, 'text-anchor': 'middle' }, axis));
}

/** A dot for each value; a line and an area between neighbouring values. */
function lines(spots, gap) {
  const drawn = { area: '', line: '', 'line partial': '' };
  const known = spots.filter(({ value }) => value !== null);
  spots.slice(1).forEach((to, index) => {
    const from = spots[index];
    if (from.value === null || to.value === null) return;
    const piece = `${from.x},${from.y}L${to.x},${to.y}`;
    drawn.area += `M${from.x},${GROUND}L${piece}L${to.x},${GROUND}Z`;
    drawn[from.partial || to.partial ? 'line partial' : 'line'] += `M${piece}`;
  });
  return [
    ...Object.entries(drawn).map(([kind, d]) => svg('path', { class: kind, d })),
    ...known.map(({ x, y }) => svg('circle', { cx: x, cy: y, r: Math.min(3, gap / 5) })),
  ];
}

function follow(picture, tooltip, { spots, gap, show, width }) {
  const cursor = picture.appendChild(svg('g'));
  const last = spots.length - 1;
  let chosen = last;
  const choose = (index) => {
    chosen = Math.max(0, Math.min(last, index));
    const { x, y, title, value, partial } = spots[chosen];
    cursor.replaceChildren(svg('line', { x1: x, x2: x, y1: TOP, y2: GROUND }));
    if (value !== null) cursor.append(svg('circle', { cx: x, cy: y, r: 5 }));
    tooltip.replaceChildren(title, element('strong', {}, show(value)), partial ? 'incomplete' : '');
    tooltip.hidden = false;
    const half = tooltip.offsetWidth / 2;
    tooltip.style.left = `${Math.max(half, Math.min(width - half, x))}px`;
  };
  const leave = () => {
    cursor.replaceChildren();
    tooltip.hidden = true;
  };
  const press = (event) => {
    const moves = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1 };
    if (event.key in moves) choose(moves[event.key]);
    else if (event.key === 'Escape') leave();
    else return;
    event.preventDefault();
  };
  const listen = (type, act) => picture.addEventListener(type, act);
  listen('pointermove', ({ offsetX }) => choose(Math.round((offsetX - LEFT) / gap)));
  listen('pointerleave', leave);
  listen('focus', () => choose(chosen));
  listen('blur', leave);
  listen('keydown', press);
}

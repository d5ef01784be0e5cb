// A series as a line, dashed where a bucket is incomplete, with a tooltip for pointer and keys.

import { element, svg } from './dom.js';

const HEIGHT = 250;
const TOP = 14;
const RIGHT = 26;
const BOTTOM = 28;
const LEFT = 46;
const GROUND = HEIGHT - BOTTOM;
const LABEL_WIDTH = 72;

/** Draws { points: [{ value, axis, title, partial }], show, scale, label } into a box. */
export function drawChart(box, { points, show, scale, label }) {
  const width = Math.max(box.clientWidth, 260);
  const step = tickStep(Math.max(...points.map(({ value }) => value)), scale);
  const most = Math.max(...points.map(({ value }) => value), step);
  const top = scale === 'share' ? 1 : Math.ceil(most / step) * step;
  const gap = (width - LEFT - RIGHT) / Math.max(1, points.length - 1);
  const y = (value) => GROUND - (value / top) * (GROUND - TOP);
  const spots = points.map((point, index) => ({
    ...point,
    x: LEFT + index * gap,
    y: point.value === null ? null : y(point.value),
  }));
  const plot = { spots, y, step, top, gap, show, width };
  const cursor = svg('g');
  const picture = svg(
    'svg',
    { width, height: HEIGHT, role: 'img', 'aria-label': label, tabindex: 0 },
    axes(plot),
    stretches(spots).flatMap(line),
    cursor,
  );
  const tooltip = element('div', { class: 'tooltip', 'aria-live': 'polite', hidden: '' });
  box.replaceChildren(picture, tooltip);
  follow(picture, cursor, tooltip, plot);
}

/** A round step that gives about four lines. */
function tickStep(most, scale) {
  if (scale === 'share') return 0.25;
  const unit = scale === 'seconds' && most > 40 ? 60 : 1;
  const wanted = Math.max(most / 4 / unit, scale === 'decimal' ? 0.1 : 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].find((step) => step * power >= wanted) * power * unit;
}

function axes({ spots, y, step, top, gap, show, width }) {
  const parts = [];
  for (let value = 0; value < top + step / 2; value += step) {
    parts.push(svg('line', { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
    parts.push(svg('text', { x: LEFT - 10, y: y(value) + 4, 'text-anchor': 'end' }, show(value)));
  }
  const every = Math.ceil(LABEL_WIDTH / gap);
  for (let index = spots.length - 1; index >= 0; index -= every) {
    const { x, axis } = spots[index];
    parts.push(svg('text', { x, y: HEIGHT - 6, 'text-anchor': 'middle' }, axis));
  }
  return parts;
}

/** Runs of points that have a value. */
function stretches(spots) {
  const found = [[]];
  for (const spot of spots) {
    if (spot.y === null) found.push([]);
    else found.at(-1).push(spot);
  }
  return found.filter((stretch) => stretch.length);
}

function line(stretch) {
  const [first, last] = [stretch[0], stretch.at(-1)];
  const way = stretch.map(({ x, y }) => `${x},${y}`).join('L');
  const pieces = { line: '', 'line partial': '' };
  stretch.slice(1).forEach((to, index) => {
    const from = stretch[index];
    const kind = from.partial || to.partial ? 'line partial' : 'line';
    pieces[kind] += `M${from.x},${from.y}L${to.x},${to.y}`;
  });
  return [
    svg('path', { class: 'area', d: `M${first.x},${GROUND}L${way}L${last.x},${GROUND}Z` }),
    ...Object.entries(pieces).map(([kind, d]) => svg('path', { class: kind, d })),
    ...(first === last ? [svg('circle', { cx: first.x, cy: first.y, r: 3.5 })] : []),
  ];
}

function follow(picture, cursor, tooltip, plot) {
  const last = plot.spots.length - 1;
  let chosen = last;
  const choose = (index) => {
    chosen = Math.max(0, Math.min(last, index));
    mark(cursor, tooltip, plot, plot.spots[chosen]);
  };
  const leave = () => {
    cursor.replaceChildren();
    tooltip.hidden = true;
  };
  const listen = (type, act) => picture.addEventListener(type, act);
  listen('pointermove', ({ offsetX }) => choose(Math.round((offsetX - LEFT) / plot.gap)));
  listen('pointerleave', leave);
  listen('focus', () => choose(chosen));
  listen('blur', leave);
  listen('keydown', (event) => {
    const moves = { ArrowLeft: chosen - 1, ArrowRight: chosen + 1, Home: 0, End: last };
    if (event.key === 'Escape') leave();
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose(moves[event.key]);
  });
}

function mark(cursor, tooltip, { show, width }, { x, y, title, value, partial }) {
  cursor.replaceChildren(svg('line', { class: 'cursor', x1: x, x2: x, y1: TOP, y2: GROUND }));
  if (y !== null) cursor.append(svg('circle', { cx: x, cy: y, r: 4.5 }));
  tooltip.replaceChildren(title, element('strong', {}, show(value)), partial ? 'incomplete' : '');
  tooltip.hidden = false;
  const half = tooltip.offsetWidth / 2;
  tooltip.style.left = `${Math.max(half, Math.min(width - half, x))}px`;
}

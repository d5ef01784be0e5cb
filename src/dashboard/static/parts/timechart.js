// A series over time, drawn by uPlot: line and area, what it is compared with, dashed where incomplete;
// pointer and arrow keys tell the values, dragging picks a range.

import { html, useEffect, useRef, useState } from './html.js';
import { marks, ticks } from './ticks.js';

const HEIGHT = 260;
const MARK_WIDTH = 76;
const BESIDE = 14;

/** @typedef {object} Point
 * @property {string} time start of the bucket
 * @property {number | null} value
 * @property {number | null} [before] of the comparison
 * @property {boolean} complete
 * @property {string[]} [notes] what is marked there
 * @property {string} mark at the axis */

/** @param {{ points: Point[], interval: string, timezone: string, label: string,
 *   metric: import('../text/metrics.js').Metric, tell: (point: Point) => unknown,
 *   say: (point: Point) => string, zoom?: (first: number, last: number) => void }} props
 * `tell` is what the tooltip shows, `say` what is read aloud. */
export function TimeChart({ points, interval, timezone, label, metric, tell, say, zoom }) {
  const [place, setPlace] = useState(null);
  const box = useRef(null);
  const plot = useRef(null);
  const acts = useRef({});
  acts.current = { place, setPlace, zoom };
  const drawn = JSON.stringify([points, interval, metric.words]);
  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      plot.current = drawPlot(box.current, { points, interval, timezone, metric, acts });
    };
    draw();
    const stop = onTheme(draw);
    return () => {
      stop();
      plot.current.destroy();
      plot.current = null;
    };
  }, [drawn]);
  useWidth(box, plot);
  const show = (next) => {
    const at = Math.max(0, Math.min(points.length - 1, next));
    setPlace(at);
    pointAt(plot.current, at);
  };
  const last = points.length - 1;
  const press = (event) => {
    const moves = { ArrowLeft: (place ?? last + 1) - 1, ArrowRight: (place ?? last - 1) + 1, Home: 0, End: last };
    if (!(event.key in moves)) return;
    event.preventDefault();
    show(moves[event.key]);
  };
  const shown = points[Math.min(place ?? last, last)];
  return html`<div
    class="chart"
    role="slider"
    tabindex="0"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax=${last}
    aria-valuenow=${Math.min(place ?? last, last)}
    aria-valuetext=${say(shown)}
    onKeyDown=${press}
    onBlur=${() => setPlace(null)}
  >
    <div class="plot" ref=${box}></div>
    ${place !== null && points[place] && html`<${Tooltip} ...${{ place, plot, box }}>${tell(points[place])}<//>`}
  </div>`;
}

function Tooltip({ place, plot, box, children }) {
  const self = useRef(null);
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (!plot.current) return;
    const x = plot.current.valToPos(place, 'x') + plot.current.over.offsetLeft;
    const isRight = x > box.current.clientWidth / 2;
    setLeft(isRight ? x - BESIDE - self.current.offsetWidth : x + BESIDE);
  });
  return html`<div class="tooltip" ref=${self} style=${{ left: `${left}px` }}>${children}</div>`;
}

/** Draws again when the theme changes. Returns how to stop. */
function onTheme(draw) {
  const query = matchMedia('(prefers-color-scheme: dark)');
  query.addEventListener('change', draw);
  document.documentElement.addEventListener('themechange', draw);
  return () => {
    query.removeEventListener('change', draw);
    document.documentElement.removeEventListener('themechange', draw);
  };
}

function useWidth(box, plot) {
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width) plot.current?.setSize({ width: contentRect.width, height: HEIGHT });
    });
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
}

function colourOf(box, name) {
  box.style.color = `var(--${name})`;
  const { color } = getComputedStyle(box);
  box.style.color = '';
  return color;
}

const faded = (colour) => colour.replace('rgb(', 'rgba(').replace(')', ', 0.1)');

function drawPlot(box, { points, interval, timezone, metric, acts }) {
  const values = points.flatMap(({ value, before }) => [value ?? 0, before ?? 0]);
  const scale = ticks(Math.max(...values, 0), metric.scale);
  const [accent, other, muted, line] = ['accent', 'other', 'muted', 'line'].map((name) => colourOf(box, name));
  const font = getComputedStyle(box).fontFamily;
  const axis = { stroke: muted, font: `12px ${font}`, ticks: { show: false } };
  const grid = { stroke: line, width: 1 };
  const curve = { stroke: accent, width: 2, points: { show: points.length < 32, size: 5, fill: accent } };
  const room = Math.max(2, Math.floor(box.clientWidth / MARK_WIDTH));
  const marked = marks(points.map(({ time }) => time), interval, timezone, room);
  return new globalThis.uPlot(
    {
      width: box.clientWidth,
      height: HEIGHT,
      padding: [12, 26, 0, 0],
      legend: { show: false },
      cursor: { y: false, move: snapped, drag: { x: true, y: false, setScale: false }, points: { size: 9, fill: (_, index) => (index === 1 ? other : accent) } },
      scales: { x: { time: false, range: () => [0, Math.max(1, points.length - 1)] }, y: { range: () => [0, scale.at(-1)] } },
      axes: [
        { ...axis, grid: { show: false }, splits: () => marked, values: (_, places) => places.map((place) => points[place].mark), size: 30 },
        { ...axis, grid, splits: () => scale, values: (_, found) => found.map(metric.brief), size: 56 },
      ],
      series: [
        {},
        { stroke: other, width: 1.5, dash: [5, 5], points: { show: false } },
        { ...curve, fill: faded(accent) },
        { ...curve, fill: faded(accent), dash: [3, 4] },
      ],
      hooks: {
        ready: [(plot) => pointAt(plot, acts.current.place)],
        draw: [(plot) => markNotes(plot, points, muted)],
        setCursor: [(plot) => tellPlace(plot, acts)],
        setSelect: [(plot) => tellZoom(plot, acts)],
      },
    },
    columnsOf(points),
    box,
  );
}

/** A dotted line and a flag on top of it where there is a note. */
function markNotes(plot, points, colour) {
  const { ctx, bbox } = plot;
  const size = 8 * devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.setLineDash([size / 4, size / 2]);
  points.forEach(({ notes = [] }, place) => {
    if (!notes.length) return;
    const x = plot.valToPos(place, 'x', true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - size);
    ctx.lineTo(x + size, bbox.top - size / 2);
    ctx.lineTo(x, bbox.top);
    ctx.fill();
  });
  ctx.restore();
}

/** The cursor stands on the nearest point. */
const snapped = (plot, left, top) => [left < 0 ? left : plot.valToPos(plot.posToIdx(left), 'x'), top];

/** Places, comparison, values of complete buckets, and of incomplete ones with their neighbours. */
function columnsOf(points) {
  const isDashed = (place) => points[place] && !points[place].complete;
  const dashed = points.map(({ value }, place) =>
    [place - 1, place, place + 1].some(isDashed) ? value : null,
  );
  return [
    points.map((_, place) => place),
    points.map(({ before }) => before ?? null),
    points.map(({ value, complete }) => (complete ? value : null)),
    dashed,
  ];
}

/** Puts the cursor on a point; a new plot has none. */
function pointAt(plot, place) {
  if (place !== null) plot.setCursor({ left: plot.valToPos(place, 'x'), top: 10 }, false);
}

/** A move of the pointer shows another point, or none; a plot that is drawn again changes nothing. */
function tellPlace({ cursor }, acts) {
  if (cursor.event) acts.current.setPlace(cursor.idx ?? null);
}

function tellZoom(plot, acts) {
  const { left, width } = plot.select;
  if (width < 8) return;
  const [first, last] = [left, left + width].map((at) => plot.posToIdx(at));
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  acts.current.zoom?.(first, last);
}

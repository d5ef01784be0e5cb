// Where the nodes and links of a Sankey diagram are. Pure functions.

const [HEIGHT, GAP, LEAST] = [400, 14, 22];

/** The width of a node, in pixels. */
export const NODE = 10;

/** The length of what leads out of a node where visits end. */
const END = 26;

/** @typedef {object} Row A row of the report.
 * @property {number} step @property {string | null} page @property {string | null} next_page
 * @property {boolean} ends @property {number} visits */

/** @typedef {{ id: string, step: number, page: string | null, visits: number, x: number, y: number,
 *   height: number }} Node */
/** @typedef {{ id: string, from: string, to: string | null, visits: number, width: number, d: string }} Link
 * One to null is of visits that end. */

const idOf = (step, page) => `${step} ${page ?? ''}`;

/** The nodes with the visits that went through them, the rest last in each column. */
function nodesOf(rows) {
  const nodes = new Map();
  const add = (step, page, way, visits) => {
    const id = idOf(step, page);
    const node = nodes.get(id) ?? { id, step, page, in: 0, out: 0 };
    node[way] += visits;
    nodes.set(id, node);
  };
  for (const { step, page, next_page: next, ends, visits } of rows) {
    add(step, page, 'out', visits);
    if (!ends) add(step + 1, next, 'in', visits);
  }
  return [...nodes.values()].map((node) => ({ ...node, visits: Math.max(node.in, node.out) }));
}

const byVisits = (one, other) => (one.page === null) - (other.page === null) || other.visits - one.visits;

/** Nodes and links of a drawing this wide. To a page, the steps are counted from the right.
 * @param {Row[]} rows @returns {{ nodes: Node[], links: Link[], height: number, column: number }} */
export function layout(rows, direction, steps, width) {
  const found = nodesOf(rows);
  const columns = Array.from({ length: steps }, (_, place) => found.filter(({ step }) => step === place + 1).sort(byVisits));
  const total = (nodes) => nodes.reduce((sum, { visits }) => sum + visits, 0);
  const scale = Math.min(...columns.filter((nodes) => nodes.length).map((nodes) => (HEIGHT - nodes.length * GAP) / total(nodes)));
  const column = width / steps;
  const x = (step) => (direction === 'from' ? step - 1 : steps - step) * column;
  const nodes = columns.flatMap((ones) => placed(ones, scale, x));
  const height = Math.max(...nodes.map(({ y, height: own }) => y + Math.max(own, LEAST)));
  return { nodes, links: linksOf(rows, nodes, scale, direction), height, column };
}

function placed(nodes, scale, x) {
  let y = 0;
  return nodes.map((node) => {
    const height = Math.max(2, node.visits * scale);
    const made = { ...node, x: x(node.step), y, height };
    y += Math.max(height, LEAST) + GAP;
    return made;
  });
}

/** The links from top to bottom, so that they do not cross at a node. */
function linksOf(rows, nodes, scale, direction) {
  const byId = new Map(nodes.map((node) => [node.id, { ...node, sent: 0, got: 0 }]));
  const side = direction === 'from' ? 1 : -1;
  const links = rows.map(({ step, page, next_page: next, ends, visits }) => ({
    source: byId.get(idOf(step, page)),
    target: ends ? null : byId.get(idOf(step + 1, next)),
    visits,
  }));
  const order = (one, other) =>
    one.source.step - other.source.step ||
    (one.target === null) - (other.target === null) ||
    one.source.y - other.source.y ||
    (one.target?.y ?? 0) - (other.target?.y ?? 0);
  return links.sort(order).map((link) => drawn(link, scale, side));
}

function drawn({ source, target, visits }, scale, side) {
  const width = Math.max(1, visits * scale);
  const middle = width / 2;
  const [near, far] = side > 0 ? [NODE, 0] : [0, NODE];
  const [x, y] = [source.x + near, source.y + source.sent + middle];
  source.sent += visits * scale;
  const link = { id: `${source.id} ${target?.id}`, from: source.id, to: target?.id ?? null, visits, width };
  if (!target) return { ...link, d: `M${x},${y}h${END * side}` };
  const [endX, endY] = [target.x + far, target.y + target.got + middle];
  target.got += visits * scale;
  const half = (x + endX) / 2;
  return { ...link, d: `M${x},${y}C${half},${y} ${half},${endY} ${endX},${endY}` };
}

/** The links on the ways through a node. @param {Link[]} links @returns {Set<string>} */
export function through(links, id) {
  const lit = new Set();
  const walk = (at, here, there) => {
    for (const link of links.filter((one) => one[here] === at && !lit.has(one.id))) {
      lit.add(link.id);
      if (link[there] !== null) walk(link[there], here, there);
    }
  };
  walk(id, 'from', 'to');
  walk(id, 'to', 'from');
  return lit;
}

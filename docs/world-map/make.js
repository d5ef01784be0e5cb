// Makes src/dashboard/static/vendor/world.mjs: the countries of Natural Earth (public domain), as the
// package world-atlas has them, projected and simplified. Run: npm install && npm run make

import { readFileSync, writeFileSync } from 'node:fs';
import { geoEqualEarth, geoPath } from 'd3-geo';
import { geoProject } from 'd3-geo-projection';
import iso from 'i18n-iso-countries';
import { feature } from 'topojson-client';
import { topology } from 'topojson-server';
import { filter, filterAttachedWeight, presimplify, simplify } from 'topojson-simplify';

const WIDTH = 1000;
const DETAIL = 1.2; // square units of the drawing: smaller corners are cut, smaller islands left out
const SMALLEST = 6; // square units: a smaller country is a dot
const DOT = 2.5;
const NAMED = { Kosovo: 'XK', 'N. Cyprus': 'CY', Somaliland: 'SO' }; // those without a number
const LEFT_OUT = new Set(['AQ']);
const TARGET = new URL('../../src/dashboard/static/vendor/world.mjs', import.meta.url);

const atlas = JSON.parse(readFileSync(new URL('node_modules/world-atlas/countries-50m.json', import.meta.url)));

const codeOf = ({ id, properties: { name } }) => NAMED[name] ?? (id && iso.numericToAlpha2(id));

const world = feature(atlas, atlas.objects.countries);
world.features = world.features
  .map((one, place) => ({ ...one, properties: { code: codeOf(one), place } }))
  .filter(({ properties: { code } }) => code && !LEFT_OUT.has(code));
const projection = geoEqualEarth().fitWidth(WIDTH, world);
const height = Math.ceil(geoPath(projection).bounds(world)[1][1]);
const flat = geoProject(world, projection);
const weighed = presimplify(topology({ countries: flat }));
const kept = filter(weighed, filterAttachedWeight(weighed, DETAIL));
const simple = feature(simplify(kept, DETAIL), 'countries');

/** The rings of a country as a path with whole, relative coordinates. */
function pathOf({ type, coordinates }) {
  const polygons = type === 'Polygon' ? [coordinates] : coordinates;
  return polygons.flat().map(ringPath).join('');
}

function ringPath(ring) {
  const points = ring.map((point) => point.map(Math.round));
  const steps = points.slice(1, -1).map(([x, y], place) => [x - points[place][0], y - points[place][1]]);
  const moved = steps.filter(([x, y]) => x || y);
  if (moved.length < 2) return '';
  return `M${points[0]}l${moved.join(' ').replaceAll(',-', '-').replaceAll(' -', '-')}z`;
}

/** A dot at the middle of a country that is too small to be seen. */
function dotOf(geometry) {
  const [x, y] = geoPath().centroid(geometry).map(Math.round);
  return `M${x - DOT},${y}a${DOT},${DOT} 0 1 0 ${2 * DOT},0a${DOT},${DOT} 0 1 0-${2 * DOT},0z`;
}

const paths = {};
flat.features.forEach((whole) => {
  const { code, place } = whole.properties;
  const drawn = simple.features.find(({ properties }) => properties.place === place)?.geometry;
  const isSmall = geoPath().area(whole.geometry) < SMALLEST;
  const path = isSmall || !drawn ? dotOf(whole.geometry) : pathOf(drawn) || dotOf(whole.geometry);
  paths[code] = (paths[code] ?? '') + path;
});

const lines = Object.keys(paths).sort().map((code) => `  ${code}: '${paths[code]}',\n`);
writeFileSync(
  TARGET,
  `// Made by docs/world-map/make.js of Natural Earth's countries (public domain) in world-atlas 2.0.2 (ISC).
// The paths of countries by their ISO 3166 code, on a drawing of this size.
export const WIDTH = ${WIDTH};
export const HEIGHT = ${height};
export const COUNTRIES = {
${lines.join('')}};
`,
);

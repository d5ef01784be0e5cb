// Text as a QR code, drawn as SVG.

import { html, useMemo } from '../../parts/html.js';
import { encode } from '../../vendor/uqr.mjs';

const BORDER = 4; // modules of light around it, as the standard has it

/** @param {{ text: string, label: string }} props */
export function QrCode({ text, label }) {
  const { data, size } = useMemo(() => encode(text, { border: BORDER }), [text]);
  const squares = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')));
  return html`<svg class="qr" role="img" aria-label=${label} viewBox=${`0 0 ${size} ${size}`} shape-rendering="crispEdges"><path d=${squares.join('')} /></svg>`;
}

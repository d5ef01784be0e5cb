// A part whose module is loaded when it is shown for the first time: few need it.

import { html, useEffect, useState } from '../parts/html.js';

/** @param {{ load: () => Promise<Function> }} props The others are those of the part. */
export function Later({ load, ...props }) {
  const [Part, setPart] = useState(null);
  useEffect(() => {
    load().then((loaded) => setPart(() => loaded));
  }, [load]);
  return Part && html`<${Part} ...${props} />`;
}

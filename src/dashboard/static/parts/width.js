// The width of an element in pixels, for drawings whose text must not shrink with them.

import { useEffect, useRef, useState } from './html.js';

/** @returns {[object, number]} the ref for the element, and its width; 0 until it is known */
export function useWidth() {
  const box = useRef(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([{ contentRect }]) => setWidth(Math.round(contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

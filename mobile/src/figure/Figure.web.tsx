import { useEffect, useRef } from 'react';

import type { Op } from './draw';
import { picture } from './film';
import { useFilm, type FigureProps } from './useFilm';

const NS = 'http://www.w3.org/2000/svg';

/** A person doing the exercise. Every frame sets attributes of the same few paths; React draws only the frame around them. */
export function Figure(props: FigureProps) {
  const shown = useFilm(props);
  const svg = useRef<SVGSVGElement>(null);
  const group = useRef<SVGGElement>(null);
  const played = useRef(0);
  const { film, palette, strength, runs, rest } = shown ?? {};

  useEffect(() => {
    played.current = 0;
  }, [film]);

  useEffect(() => {
    const root = group.current;
    if (!root || !film || !palette || !strength) return undefined;
    const paint = painter(root);
    const moved = played.current > 0;
    paint(picture(film, runs || moved ? played.current : rest ?? 0, palette, strength));
    if (!runs) return undefined;
    let handle = 0;
    let last: number | null = null;
    const tick = (now: number): void => {
      // After a pause of the page the figure goes on where it was.
      played.current += Math.min(0.1, last === null ? 0 : (now - last) / 1000);
      last = now;
      paint(picture(film, played.current, palette, strength));
      handle = requestAnimationFrame(tick);
    };
    handle = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(handle);
  }, [film, palette, strength, runs, rest]);

  const [left, top, side] = film?.window ?? [0, 0, 1];
  return (
    <svg
      ref={svg} width={props.size} height={props.size} viewBox={`${left} ${top} ${side} ${side}`} style={{ display: 'block', flexShrink: 0 }}
      {...(props.label ? { role: 'img', 'aria-label': props.label } : { 'aria-hidden': true })} focusable={false}
    >
      <g ref={group} transform={props.mirrored ? `translate(${2 * left + side} 0) scale(-1 1)` : undefined} strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** Paints pictures into a group, touching only what differs from the last one. */
function painter(root: SVGGElement): (ops: readonly Op[]) => void {
  const paths = [...root.children] as SVGPathElement[];
  let before: readonly (Op | undefined)[] = [];
  return (ops) => {
    for (let i = 0; i < Math.max(ops.length, paths.length); i++) {
      const op = ops[i];
      let path = paths[i];
      if (!path) {
        path = document.createElementNS(NS, 'path');
        root.appendChild(path);
        paths.push(path);
      }
      const old = before[i];
      const put = (name: string, now: string | number | undefined, then: string | number | undefined, known: boolean): void => {
        if (known && now === then) return;
        if (now === undefined) path!.removeAttribute(name);
        else path!.setAttribute(name, String(now));
      };
      const known = old !== undefined;
      put('d', op?.d ?? '', old?.d, known);
      if (!op) continue;
      put('fill', op.fill, old?.fill, known);
      put('stroke', op.stroke, old?.stroke, known);
      put('stroke-width', op.width, old?.width, known);
      put('opacity', op.opacity, old?.opacity, known);
    }
    before = ops;
  };
}

/** Vector elements on the web: the browser's own. Give colours, not `currentColor`; no `onPress`: wrap in a Pressable. */

import { createElement, type ComponentType } from 'react';

import type * as native from './svg';

function element<K extends keyof typeof native>(tag: string): (typeof native)[K] {
  // The attributes in use have the same names in both; the types of react-native-svg are the narrower.
  const Element: ComponentType<Record<string, unknown>> = (props) =>
    createElement(tag, tag === 'svg' ? { 'aria-hidden': true, focusable: false, ...props } : props);
  Element.displayName = tag;
  return Element as unknown as (typeof native)[K];
}

export const Svg = element<'Svg'>('svg');
export const Circle = element<'Circle'>('circle');
export const Defs = element<'Defs'>('defs');
export const Ellipse = element<'Ellipse'>('ellipse');
export const G = element<'G'>('g');
export const Line = element<'Line'>('line');
export const LinearGradient = element<'LinearGradient'>('linearGradient');
export const Path = element<'Path'>('path');
export const Polygon = element<'Polygon'>('polygon');
export const Polyline = element<'Polyline'>('polyline');
export const Rect = element<'Rect'>('rect');
export const Stop = element<'Stop'>('stop');

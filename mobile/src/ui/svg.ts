/** Vector elements on phones. Use these rather than react-native-svg: on the web they are the browser's own, at no cost in script. */
export { default as Svg, Circle, Defs, Ellipse, G, Line, LinearGradient, Path, Polygon, Polyline, Rect, Stop } from 'react-native-svg';

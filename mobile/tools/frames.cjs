/**
 * Draws motion clips picture by picture, for scripts/render-clips: SVG files that ffmpeg reads.
 *
 *   node tools/frames.cjs CLIPS.json
 *
 * CLIPS.json: [{clip, strength: {muscle: 1–3}}]. For each line "INDEX FOLDER FRAMES_PER_S PIXELS" on stdin it writes
 * FOLDER/00000.svg … and FOLDER/still.svg, and answers "INDEX FRAMES TIMES" (how often they are to be shown), or "INDEX ! MESSAGE".
 */
/* global __dirname */
const fs = require('node:fs');
const path = require('node:path');
const readline = require('node:readline');
const babel = require('@babel/core');

const SRC = path.join(__dirname, '..', 'src');
require.extensions['.ts'] = (module, filename) => {
  module._compile(babel.transformFileSync(filename, { configFile: path.join(__dirname, '..', 'test', 'babel.cjs') }).code, filename);
};
const figure = (name) => require(path.join(SRC, 'figure', `${name}.ts`));
const { openFilm, picture, stillSecond } = figure('film');
const { LIGHT } = figure('draw');

const BACKGROUND = '#fbf8f3', LEAST_S = 4, MOST_S = 24, BREATH = [2, 0, 3, 0];

const attributes = (op) => `fill="${op.fill}"${op.stroke ? ` stroke="${op.stroke}" stroke-width="${op.width}" stroke-linecap="round" stroke-linejoin="round"` : ''}${op.opacity === undefined ? '' : ` opacity="${op.opacity}"`}`;

function frame(film, strength, seconds, pixels) {
  const [left, top, side] = film.window;
  const body = picture(film, seconds, LIGHT, strength).filter((op) => op.d).map((op) => `<path d="${op.d}" ${attributes(op)}/>`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${pixels}" height="${pixels}" viewBox="${left} ${top} ${side} ${side}"><rect x="${left}" y="${top}" width="${side}" height="${side}" fill="${BACKGROUND}"/>${body}</svg>`;
}

/**
 * [seconds to draw, how often to show them]: a hold is gone into and breathed in; a short movement is shown until it can
 * be followed. What runs by under someone who travels has a rhythm of its own, so there the whole is drawn.
 */
function lengths(clip) {
  const breath = (clip.breath ?? BREATH).reduce((all, each) => all + each, 0);
  if (clip.hold) return [Math.min(MOST_S, clip.seconds + breath * Math.max(1, Math.ceil((LEAST_S - clip.seconds) / breath))), 1];
  const times = Math.max(1, Math.ceil(LEAST_S / clip.seconds - 1e-9));
  const alike = !clip.travel && (!clip.breath || Math.abs(clip.seconds % breath) < 1e-6);
  return alike ? [clip.seconds, times] : [clip.seconds * times, 1];
}

const clips = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [index, folder, rate, pixels] = line.split(' ');
  try {
    const { clip, strength } = clips[index];
    const film = openFilm(clip), [seconds, times] = lengths(clip);
    // A whole number of pictures, so that the last one leads into the first.
    const count = Math.max(2, Math.round(seconds * rate));
    for (let i = 0; i < count; i++) fs.writeFileSync(path.join(folder, `${String(i).padStart(5, '0')}.svg`), frame(film, strength, (i * seconds) / count, pixels));
    fs.writeFileSync(path.join(folder, 'still.svg'), frame(film, strength, stillSecond(clip), pixels));
    console.log(`${index} ${count} ${times}`);
  } catch (error) {
    console.log(`${index} ! ${String(error.message).replace(/\s+/g, ' ')}`);
  }
});

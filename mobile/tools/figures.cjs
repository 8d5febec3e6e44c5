/**
 * Checks motion clips and draws contact sheets of them, for scripts/figures.
 *
 *   node tools/figures.cjs check CLIPS.json             problems as JSON lines; exit 1 when there are any
 *   node tools/figures.cjs sheet CLIPS.json DIR         SVG pages page-01.svg …; prints their paths
 *   node tools/figures.cjs poses DIR                    every base pose in every view
 *
 * CLIPS.json: [{clip, strength: {muscle: 1–3}, positions: […]}].
 */
/* global __dirname */
const fs = require('node:fs');
const path = require('node:path');
const babel = require('@babel/core');

const SRC = path.join(__dirname, '..', 'src');
require.extensions['.ts'] = (module, filename) => {
  module._compile(babel.transformFileSync(filename, { configFile: path.join(__dirname, '..', 'test', 'babel.cjs') }).code, filename);
};
const figure = (name) => require(path.join(SRC, 'figure', `${name}.ts`));
const { openFilm, picture } = figure('film');
const { LIGHT, DARK } = figure('draw');

const CELL = 132, TITLE = 15, MOMENTS = 5, ACROSS = 2, DOWN = 8;

const escape = (text) => text.replace(/[<&>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function paths(ops) {
  return ops.filter((op) => op.d).map((op) => `<path d="${op.d}" fill="${op.fill}"${op.stroke ? ` stroke="${op.stroke}" stroke-width="${op.width}" stroke-linecap="round" stroke-linejoin="round"` : ''}${op.opacity === undefined ? '' : ` opacity="${op.opacity}"`}/>`).join('');
}

function cell(film, seconds, palette, strength, x, y, size) {
  const [left, top, side] = film.window;
  return `<svg x="${x}" y="${y}" width="${size}" height="${size}" viewBox="${left} ${top} ${side} ${side}" overflow="hidden">${paths(picture(film, seconds, palette, strength))}</svg>`;
}

/** The seconds to look at: evenly through the clip; a hold shows its way in and two breaths. */
function moments(clip) {
  const all = [];
  for (let i = 0; i < MOMENTS; i++) all.push(clip.hold ? clip.seconds * [0, 0.4, 1, 1.9, 3][i] : (clip.seconds * i) / (clip.alternate ? MOMENTS : MOMENTS - 0.9));
  return all;
}

function page(items, palette, background) {
  const wide = ACROSS * (MOMENTS * CELL + 10), high = Math.ceil(items.length / ACROSS) * (CELL + TITLE);
  let body = `<rect width="${wide}" height="${high}" fill="${background}"/>`;
  items.forEach(({ clip, strength, views }, index) => {
    const x = (index % ACROSS) * (MOMENTS * CELL + 10), y = Math.floor(index / ACROSS) * (CELL + TITLE);
    body += `<text x="${x + 4}" y="${y + 11}" font-family="sans-serif" font-size="11" fill="#666">${escape(clip.slug)} · ${clip.seconds}s ${clip.hold ? 'hold' : ''}${clip.alternate ? 'alternate' : ''} ${JSON.stringify(clip).length} B</text>`;
    try {
      const film = openFilm(clip);
      if (views) views.forEach((view, i) => { body += cell(openFilm({ ...clip, view }), 5, palette, strength, x + i * CELL, y + TITLE, CELL - 2); });
      else moments(clip).forEach((at, i) => { body += cell(film, at, palette, strength, x + i * CELL, y + TITLE, CELL - 2); });
    } catch (error) {
      body += `<text x="${x + 4}" y="${y + 40}" font-family="sans-serif" font-size="12" fill="#c00">${escape(String(error.message))}</text>`;
    }
  });
  return { svg: `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${high}">${body}</svg>`, wide, high };
}

function write(dir, items, dark) {
  fs.mkdirSync(dir, { recursive: true });
  for (let i = 0; i * ACROSS * DOWN < items.length; i++) {
    const { svg, wide, high } = page(items.slice(i * ACROSS * DOWN, (i + 1) * ACROSS * DOWN), dark ? DARK : LIGHT, dark ? '#12191c' : '#fbf8f3');
    const file = path.join(dir, `page-${String(i + 1).padStart(2, '0')}.svg`);
    fs.writeFileSync(file, svg);
    console.log(`${file} ${wide} ${high}`);
  }
}

const [command, one, two, three] = process.argv.slice(2);
if (command === 'sheet') {
  write(two, JSON.parse(fs.readFileSync(one, 'utf8')), three === 'dark');
} else if (command === 'poses') {
  const { POSES } = figure('poses');
  const views = ['side', 'quarter', 'front', 'rear', 'back'];
  write(one, Object.keys(POSES).map((base) => ({ views, clip: { slug: base, view: 'quarter', base, seconds: 5, keys: [{}], hold: true }, strength: {} })), false);
} else if (command === 'check') {
  const { check } = figure('check');
  let bad = 0;
  for (const { clip, positions } of JSON.parse(fs.readFileSync(one, 'utf8'))) {
    for (const problem of check(clip, positions)) { bad++; console.log(`${clip.slug}: ${problem}`); }
  }
  process.exitCode = bad ? 1 : 0;
} else {
  console.error('check, sheet or poses');
  process.exitCode = 2;
}

/**
 * Our own drawing of a body from the front and from the back, as points on outlines.
 *
 * One half is drawn, x is the distance from the midline (0 to 86), y runs down from the crown (0 to 436); the other half
 * is its mirror image. A shape is given as `x,y` pairs around it and drawn as a smooth closed curve through them; one that
 * begins and ends on the midline is joined to its mirror image.
 */

export type View = 'front' | 'back';
export type Grouping = 'muscles' | 'regions';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A muscle or a region of one view: closed outlines, both halves. */
export interface BodyShape {
  readonly code: string;
  readonly outlines: readonly (readonly Point[])[];
}

/** The drawing reaches from -WIDTH/2 to WIDTH/2 and from 0 to HEIGHT. */
export const WIDTH = 184;
export const HEIGHT = 440;

function points(text: string): readonly Point[] {
  return text.split(' ').map((pair) => {
    const [x, y] = pair.split(',').map(Number);
    return { x: x!, y: y! };
  });
}

function mirrored(half: readonly Point[]): Point[] {
  return half.map(({ x, y }) => ({ x: -x, y }));
}

function joined(half: readonly Point[]): readonly Point[] {
  return [...half, ...mirrored(half.filter(({ x }) => x !== 0)).reverse()];
}

/** A half with its mirror image: one outline or line when it starts on the midline and ends there, else two. */
function both(half: readonly Point[]): readonly (readonly Point[])[] {
  return half[0]!.x === 0 && half.at(-1)!.x === 0 ? [joined(half)] : [half, mirrored(half)];
}

function shapes(drawn: Readonly<Record<string, readonly string[]>>): readonly BodyShape[] {
  return Object.entries(drawn).map(([code, halves]) => ({ code, outlines: halves.map(points).flatMap(both) }));
}

/** From the crown down the outside of one half to the crotch. */
const HALF = points(
  '0,8 9,9 16,15 19,25 19,30 21.5,30 21.5,35 18.5,42 16.5,48 13,55 10.5,60 10,67 11,74 16,80 27,85 38,89 46,95 51,105 53,118 56,134 60,150 64,166 ' +
    '70,184 75,204 77,218 81,226 85,238 86,250 83,262 79,267 76,262 74,252 71,246 68,247 66,241 67,230 68,220 65,208 59,192 ' +
    '53,176 48,162 44,148 41,134 38,125 37,132 35,148 31,164 29,178 30,190 34,203 38,217 41,236 41,256 39,276 35,296 ' +
    '32,310 31,322 33,336 33,350 30,368 26,386 23,400 23,408 26,416 28,424 25,429 16,430 10,428 10,420 12,410 12,400 ' +
    '10,382 8,362 8,346 10,330 11,318 9,304 7,288 4,268 2,250 1,238',
);

/** The outline of the whole body, closed. */
export const OUTLINE: readonly Point[] = joined(HALF);

/** Lines that make the drawing legible: collar bones, navel, kneecaps; spine and shoulder blades at the back. */
export const LINES: Readonly<Record<View, readonly (readonly Point[])[]>> = {
  front: ['4,90 16,86 32,88', '15,316 21,321 27,316', '14,309 21,305 28,309'].map(points).flatMap(both),
  back: [...both(points('13,316 20,318 28,315')), points('0,88 0,120 0,160 0,206')],
};

const HAND = '69,224 76,222 81,231 83,243 82,255 79,261 76,253 72,243 68,240';

export const MUSCLES: Readonly<Record<View, readonly BodyShape[]>> = {
  front: shapes({
    neck_flexors: ['2,67 6,64 8.5,62 8.8,70 9,77 6,83 3,86 2,78'],
    upper_traps: ['11.5,77 17,82 28,86.5 35,89.5 24,87 14,85 11,82'],
    pecs: ['2,95 12,91.5 26,92 34,96 38,106 39,118 33,126 21,130 9,129 2.5,124 1.8,108'],
    delts_front: ['35,91 41,94 44,102 45,114 44,127 41,119 39,107 36.5,98'],
    delts_rear: ['42,94.5 47,98 50,107 51.5,119 49,126 46,127 46,114 45,103'],
    serratus: ['33,130 37,129 35,135 31,137', '32,139 35.5,137 33.5,144 30,146', '31,148 34,146 32,153 29,155'],
    biceps: ['43,131 48,129 52,134 56,148 58,160 55,166 51,160 47,149'],
    forearm_flexors: ['52,168 57,169 62,182 67,200 69,215 66,211 60,195 55,180'],
    forearm_extensors: ['59,164 63,168 68,183 73,202 75,216 71,215 68,202 63,184'],
    hand_intrinsics: [HAND],
    diaphragm: ['1,131 10,133 20,134 29,141 28,148 20,142 11,139 1,140'],
    abs: ['1.2,143 9,142 12,146 12,154 8,157 1.2,157', '1.2,160 8,160 12.5,162 12.5,171 8,174 1.2,174', '1.2,177 8,177 12.5,179 12.5,190 9,194 1.2,194'],
    obliques: ['15,146 22,147 28,152 29,162 27,174 27,186 30,197 32,203 24,200 17,194 15,178 15,160'],
    deep_core: ['1.2,197 10,197 17,199 23,204 16,213 9,223 4,230 1.2,231'],
    hip_flexors: ['25,206 33,205 36,211 31,219 22,226 14,232 8,235 6,232 13,223 19,214'],
    tfl_itb: ['37,213 39,222 40,238 40,255 38,272 35,289 35,272 36,252 36,232'],
    adductors: ['4,239 9,238 12,248 14,264 14,280 11,291 8,280 5,264 3.5,250'],
    quads: ['16,236 23,229 28,231 29,250 28,272 24,292 20,295 17,280 16,258', '30,228 34,225 34.5,244 34,266 33,284 30,299 26.5,300 28,285 31,266 31,246', '14.5,270 16.5,284 19,297 16,304 12,302 10.5,296 13,284'],
    tib_ant: ['18,331 23,328 25.5,336 25,352 22,372 19,394 16.5,394 17,374 17,350'],
    peroneals: ['28,330 31,334 32,346 30,362 26,380 23,392 23.5,378 26.5,360 28,346'],
    gastroc: ['10.5,332 14.5,334 15,348 14,362 11.5,368 9.5,356 9,344'],
    tib_post: ['12,371 15,363 15.5,378 15,397 13,397 12,386'],
    foot_intrinsics: ['13,413 18,409 22,411 25,418 26,425 19,427 12,426 12,420'],
  }),
  back: shapes({
    neck_extensors: ['1,58 7,58 8.5,65 8,74 5,79 1,81'],
    upper_traps: ['9.5,73 13,79 23,84.5 36,89 40,92 28,94 15,94 7,97 1.5,103 1.5,85 6,80'],
    mid_back: ['2,105 8,98 16,96 20,101 18,112 13,128 7,144 2,156'],
    rotator_cuff: ['22,98 31,96 38,97 39,105 33,114 25,122 19,121 19,111'],
    delts_rear: ['41,93 47,98 50,107 51.5,119 49,127 45,127 42,116 40,104'],
    triceps: ['43,131 48,128 53,133 57,148 60,161 57,166 52,163 47,150'],
    forearm_flexors: ['52,168 55,170 60,186 66,204 68,216 65,211 59,194'],
    forearm_extensors: ['57,168 63,168 68,183 73,202 75,216 70,216 65,200 60,183'],
    hand_intrinsics: [HAND],
    lats: ['37,114 38,124 36,138 32,155 28,168 20,178 12,186 11,172 11,154 15,138 20,126 28,122'],
    thoracic_extensors: ['1.2,159 4,154 8,146 9.5,154 9.5,166 5,168 1.2,168'],
    lumbar_extensors: ['1.2,171 5,171 9.5,170 10,186 9,198 5,207 1.2,211'],
    quadratus_lumborum: ['12,189 19,182 23,180 24,189 22,196 15,199 11.5,202'],
    obliques: ['26,175 29,171 28.5,184 31,196 33,202 27,197 26,186'],
    glute_med: ['13,206 21,200 29,200 35,207 38,217 33,217 24,213 15,210'],
    glute_max: ['1.5,216 6,211 13,212 23,216 33,220 38,225 38,238 33,247 22,252 9,251 2,244 1.5,230'],
    deep_hip_rotators: ['11,227 19,224 28,227 33,231 27,236 18,237 11,233'],
    tfl_itb: ['39,226 40.5,240 40,256 38,274 35,290 36,272 37.5,254 38,242'],
    adductors: ['3.5,250 9,254 12,262 12,278 10,292 7,282 5,266'],
    hamstrings: ['14,256 22,255 23,266 22,284 19,303 14,311 12,304 13,286 14,270', '25,255 33,251 36,254 36,270 34,288 31,306 28,310 25,300 25,280'],
    gastroc: ['11,325 16,320 20,325 20,342 18,358 13,363 9.5,354 9,340', '22,325 26,320 30,326 32,340 31,354 27,361 23,357 22,342'],
    soleus: ['10.5,362 14,366 20,360 27,364 29,362 27,376 23,389 19,397 15,397 12,384'],
    peroneals: ['31.5,356 31,366 27,382 24,396 22.5,395 26,380 29,366'],
    tib_post: ['9,360 11,374 13.5,394 12.5,398 10.5,384'],
    foot_intrinsics: ['13,411 18,408 22,411 25,419 25,426 18,428 12,426 11,419'],
  }),
};

const NECK = '0,61 10,60 10,68 12,76 17,81 12,88 0,90';
const SHOULDER = '30,88 39,90 46,95 51,105 53,118 54,130 45,134 40,124 35,112 31,100';
const ELBOW = '49,156 55,150 61,153 65,166 68,178 65,186 58,186 53,176';
const WRIST_HAND = '64,206 69,202 75,206 77,217 82,228 86,242 84,259 79,267 75,257 71,246 66,242 67,228 67,216';
const KNEE = '9,300 20,296 33,300 32,312 32,324 30,332 20,336 11,332 10,318';
const ANKLE = '11,388 18,386 26,388 23,400 23,409 18,412 12,410 12,400';
const FOOT = '12,413 18,415 25,414 28,423 25,429 16,430 10,428 10,420';

export const REGIONS: Readonly<Record<View, readonly BodyShape[]>> = {
  front: shapes({
    neck: [NECK], shoulder: [SHOULDER], elbow: [ELBOW], wrist_hand: [WRIST_HAND],
    hip: ['21,203 33,202 37,212 41,232 40,244 30,246 18,242 7,243 3,236 12,222'],
    knee: [KNEE], ankle: [ANKLE], foot: [FOOT],
  }),
  back: shapes({
    neck: [NECK], shoulder: [SHOULDER],
    thoracic_spine: ['0,92 12,91 28,92 31,104 33,120 35,138 32,156 16,160 0,161'],
    elbow: [ELBOW], wrist_hand: [WRIST_HAND],
    lumbar_spine: ['0,164 16,163 30,160 29,178 30,190 33,199 18,203 0,206'],
    hip: ['0,210 18,207 34,204 38,217 41,236 40,248 26,254 8,254 0,250'],
    knee: [KNEE], ankle: [ANKLE], foot: [FOOT],
  }),
};

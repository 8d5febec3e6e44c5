/** Which of the catalogue's positions a base pose shows, and the pose that stands for a position without a clip. */

export const DRAWABLE: Readonly<Record<string, readonly string[]>> = {
  stand: ['standing', 'walking', 'standing_single_leg', 'squat', 'plank'],
  ready: ['standing', 'walking', 'standing_single_leg'], wide: ['standing', 'squat'], stride: ['standing', 'walking'], lunge: ['standing', 'walking', 'half_kneeling'],
  single: ['standing_single_leg', 'standing', 'walking'], fold: ['standing', 'inverted'], hinge: ['standing', 'standing_single_leg'],
  squat: ['squat', 'standing'], chair_squat: ['standing', 'squat', 'walking', 'seated_chair'], walk: ['walking', 'standing'], run: ['walking', 'standing'],
  half_kneel: ['half_kneeling', 'standing'], tall_kneel: ['tall_kneeling', 'half_kneeling'], heel_sit: ['tall_kneeling', 'seated_floor', 'quadruped'],
  quadruped: ['quadruped', 'plank'], child: ['quadruped', 'prone', 'tall_kneeling', 'inverted', 'seated_floor'],
  plank: ['plank', 'quadruped', 'prone', 'standing'], forearm_plank: ['plank'], knee_plank: ['plank', 'quadruped'], side_plank: ['plank'],
  side_plank_knees: ['plank', 'side_lying'], down_dog: ['inverted', 'plank', 'quadruped', 'standing'],
  prone: ['prone'], prone_forehead: ['prone'], sphinx: ['prone'], supine: ['supine'], hook: ['supine'], bridge: ['supine'], tabletop: ['supine'],
  side_lying: ['side_lying'], side_lying_straight: ['side_lying'],
  long_sit: ['seated_floor'], straddle: ['seated_floor'], cross_legged: ['seated_floor'], butterfly: ['seated_floor'],
  sit_floor_hook: ['seated_floor'], ninety: ['seated_floor'],
  chair: ['seated_chair', 'standing'], chair_front: ['seated_chair', 'standing'], hang: ['hanging'], inverted: ['inverted', 'plank', 'standing'],
  wall_lean: ['standing'], bike: ['seated_chair'], rower: ['seated_chair'],
};

interface Still { readonly base: string; readonly view: string; readonly props?: readonly (readonly (string | number)[])[] }

export const STILLS: Readonly<Record<string, Still>> = {
  standing: { base: 'stand', view: 'quarter' },
  standing_single_leg: { base: 'single', view: 'quarter' },
  walking: { base: 'stride', view: 'quarter' },
  squat: { base: 'squat', view: 'quarter' },
  half_kneeling: { base: 'half_kneel', view: 'side', props: [['mat']] },
  tall_kneeling: { base: 'tall_kneel', view: 'quarter', props: [['mat']] },
  quadruped: { base: 'quadruped', view: 'side', props: [['mat']] },
  plank: { base: 'plank', view: 'side', props: [['mat']] },
  prone: { base: 'prone_forehead', view: 'side', props: [['mat']] },
  supine: { base: 'hook', view: 'side', props: [['mat']] },
  side_lying: { base: 'side_lying', view: 'front', props: [['mat']] },
  seated_floor: { base: 'long_sit', view: 'side', props: [['mat']] },
  seated_chair: { base: 'chair', view: 'quarter', props: [['chair', 0]] },
  hanging: { base: 'hang', view: 'quarter', props: [['bar', 0, 226]] },
  inverted: { base: 'inverted', view: 'side', props: [['mat']] },
};

import { playerSettings, profileFor } from './playerSettings';

test('who has set nothing gets few words, sounds, haptics, and music that is only turned down', () => {
  expect(playerSettings(undefined)).toEqual({
    voice: 'cues', volume: 0.8, haptics: true, duckMusic: true, pace: { readyS: 0, switchS: 5 }, sound: 'auto', hand: 'right',
    keepAwake: true,
  });
});

test('what is set is read, and what a newer app may have set is not stumbled over', () => {
  const stored = { voice: 'full', volume: 0, sound: 'calm', hand: 'left', switch_s: 10, get_ready_s: 15 } as const;
  expect(playerSettings(stored)).toMatchObject({
    voice: 'full', volume: 0, sound: 'calm', hand: 'left', pace: { readyS: 15, switchS: 10 },
  });
  expect(playerSettings({ voice: 'song' as 'full', sound: 'birds' as 'calm', volume: 900 })).toMatchObject({
    voice: 'cues', sound: 'auto', volume: 1,
  });
});

test('a warm-up sounds lively, all else calm, unless somebody chose', () => {
  expect(['warmup', 'cooldown', 'desk_break'].map((kind) => profileFor('auto', kind))).toEqual(['lively', 'calm', 'calm']);
  expect(profileFor('calm', 'warmup')).toBe('calm');
  expect(profileFor('off', 'warmup')).toBeNull();
});

import { useLocalSearchParams, useRouter } from 'expo-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { firstAsk } from '@/domain/ask';
import { answersOf, changesOf, NO_ANSWERS, type Answers } from '@/domain/onboarding';
import { makeRoutine } from '@/routine/current';
import { useLocalState, useRecord } from '@/store/hooks';
import type { Fields } from '@/store/types';
import { Button, Progress, Screen, Text, useTheme } from '@/ui';

import { Activities, Flags, Hurts, Kit, LevelStep } from './steps';

const STEPS = ['activities', 'level', 'hurts', 'kit', 'flags'] as const;
type Step = (typeof STEPS)[number];

/** Local key `onboarding`: whether the start was gone through, and whether the warning signs were asked. */
export interface Onboarding {
  readonly done: string;
  readonly flags: boolean;
}

/** Five short steps, each to be skipped; with `?step=flags` only the last, for whoever comes back to it. */
export function StartScreen() {
  const profile = useRecord('profile', 'me');
  const { step } = useLocalSearchParams<{ step?: string }>();
  if (profile === undefined) return null;
  return <Start profile={profile?.data ?? null} only={step === 'flags' ? 'flags' : null} />;
}

function Start({ profile, only }: { profile: Fields | null; only: Step | null }) {
  const limber = useLimber();
  const { t } = useTranslation('start');
  const theme = useTheme();
  const router = useRouter();
  const onboarding = useLocalState<Onboarding>('onboarding');
  const [at, setAt] = useState(only ? STEPS.indexOf(only) : 0);
  const [answers, setAnswers] = useState<Answers>(() => (profile === null ? NO_ANSWERS : answersOf(profile)));
  const [busy, setBusy] = useState(false);
  const change = (part: Partial<Answers>): void => setAnswers((before) => ({ ...before, ...part }));
  const step = STEPS[at]!;

  const end = async (said: Answers, flagsAsked: boolean, show: boolean): Promise<void> => {
    setBusy(true);
    try {
      const set = changesOf(said, profile, new Date());
      if (Object.keys(set).length > 0) await limber.store.write([{ collection: 'profile', id: 'me', set }]);
      await onboarding.set({ done: onboarding.value?.done ?? new Date().toISOString(), flags: flagsAsked || onboarding.value?.flags === true });
      if (!show) return router.replace('/');
      void makeRoutine(limber, firstAsk(said.activities, said.equipment, said.level));
      router.replace('/');
      router.push('/routine');
    } finally {
      setBusy(false);
    }
  };
  const forward = (): void => {
    if (only) void end(answers, true, answers.flags.length > 0);
    else if (at < STEPS.length - 1) setAt(at + 1);
    else void end(answers, true, true);
  };
  const props = { answers, onChange: change };
  const last = at === STEPS.length - 1;
  return (
    <Screen
      key={step}
      title={t(`${step}.title`)}
      above={only ? undefined : at === 0 ? t('welcome') : t('step', { at: at + 1, of: STEPS.length })}
      back={only !== null}
      actions={only ? null : <Button kind="plain" label={t('skip')} onPress={() => void end(answers, false, false)} />}
      footer={
        <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: theme.space(2) }}>
          {at > 0 && !only ? <Button kind="plain" label={t('backStep')} onPress={() => setAt(at - 1)} /> : null}
          <View style={{ flexGrow: 1, flexBasis: 200 }}>
            {last ? (
              <Button
                kind="go"
                busy={busy}
                label={answers.flags.length > 0 ? t('flags.some') : t('flags.none')}
                onPress={forward}
                wide
              />
            ) : (
              <Button label={t('next')} onPress={forward} wide />
            )}
          </View>
        </View>
      }
    >
      {only ? null : <Progress value={(at + 1) / STEPS.length} label={t('step', { at: at + 1, of: STEPS.length })} />}
      <Text soft>{t(`${step}.lead`)}</Text>
      {step === 'activities' ? <Activities {...props} /> : null}
      {step === 'level' ? <LevelStep {...props} /> : null}
      {step === 'hurts' ? <Hurts {...props} /> : null}
      {step === 'kit' ? <Kit {...props} /> : null}
      {step === 'flags' ? <Flags {...props} /> : null}
    </Screen>
  );
}

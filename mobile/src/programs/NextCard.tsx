import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import { followed, programWords, sessionsOf, type Following } from '@/domain/programs';
import { useLabels } from '@/i18n/labels';
import { useRecords } from '@/store/hooks';
import { Card, Text, useTheme } from '@/ui';

import { usePrograms } from './usePrograms';

/** On the home screen: the next session of each program that somebody follows, one tap away. */
export function NextCards() {
  const { t } = useTranslation('programs');
  const { catalog } = useLimber();
  const { color } = useTheme();
  const { language } = useLabels();
  const programs = usePrograms();
  const preferences = useRecords<Following>('preferences');
  const sessions = useRecords('session');
  if (programs === null || preferences === undefined || sessions === undefined) return null;
  return (
    <>
      {followed(catalog, programs.conditions, preferences, sessions).map(({ program, done, next }) => {
        if (next === null) return null;
        const words = programWords(program, language);
        return (
          <Card key={program.code} tone="accent" onPress={() => programs.open(program, next)}>
            <Text kind="label" color={color.accent}>{`${words.name} · ${t('done', { done: done.size, count: sessionsOf(program).length })}`}</Text>
            <Text kind="heading">{words.parts[next.part]!.name}</Text>
            <Text kind="small" soft>{t('minutes', { count: next.minutes })}</Text>
          </Card>
        );
      })}
    </>
  );
}

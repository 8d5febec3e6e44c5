import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { dayOf, keptOut } from '@/domain/library';
import { Button, Chip, Chips, Notice, Section, Sheet, useTheme } from '@/ui';
import { View } from 'react-native';

import { longDay } from '@/i18n/dates';
import { inDays, usePrefs, useSetPref } from './prefs';

const FOR: readonly (readonly [string, number | null])[] = [['week', 7], ['month', 30], ['quarter', 91], ['always', null]];

/** What somebody thinks of an exercise: favourite, liked, not for me, left out for a while. */
export function Mine({ slug }: { slug: string }) {
  const { t, i18n } = useTranslation('library');
  const { space } = useTheme();
  const pref = usePrefs()?.get(slug);
  const setPref = useSetPref();
  const [asking, setAsking] = useState(false);
  const out = keptOut(pref, dayOf(new Date()));
  const disliked = pref?.rating === -1;
  const rate = (rating: -1 | 1) => void setPref(slug, { rating: pref?.rating === rating ? 0 : rating });
  const why = disliked ? t('mine.disliked') : pref?.until ? t('mine.until', { day: longDay(pref.until, i18n.language) }) : t('mine.always');
  return (
    <Section title={t('mine.title')}>
      <Chips>
        <Chip icon="heart" label={t('mine.favourite')} selected={pref?.favourite === true} onPress={() => void setPref(slug, { favourite: pref?.favourite !== true })} />
        <Chip icon="thumb-up" label={t('mine.like')} selected={pref?.rating === 1} onPress={() => rate(1)} />
        <Chip icon="thumb-down" label={t('mine.dislike')} selected={disliked} onPress={() => rate(-1)} />
      </Chips>
      {out ? (
        <Notice
          kind="info"
          live
          title={why}
          action={<Button kind="quiet" label={t('mine.back')} onPress={() => void setPref(slug, { rating: disliked ? 0 : (pref?.rating ?? null), excluded: false, until: null })} />}
        />
      ) : (
        <Button kind="quiet" icon="calendar" label={t('mine.exclude')} onPress={() => setAsking(true)} />
      )}
      <Sheet open={asking} onClose={() => setAsking(false)} title={t('exclude.title')}>
        <View style={{ gap: space(3) }}>
          {FOR.map(([name, days]) => (
            <Button
              key={name}
              kind="quiet"
              wide
              label={t(`exclude.${name}`)}
              onPress={() => {
                setAsking(false);
                void setPref(slug, { excluded: true, until: days === null ? null : inDays(days) });
              }}
            />
          ))}
        </View>
      </Sheet>
    </Section>
  );
}

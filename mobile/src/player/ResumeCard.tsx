import { useRouter } from 'expo-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { leftS, untouched, type Play } from '@/domain/play';
import { useLocal } from '@/store/hooks';
import { Button, Card, Text, useTheme } from '@/ui';

import { clock } from './lines';
import { PLACE, PLAYING, settleLeftover, type Playing } from './playing';

/** Nobody goes on with yesterday's routine: it is written as far as it went. */
const STALE_MS = 12 * 3_600_000;

/** For the home screen: a routine that was left in the middle, or that has not been rated yet. Draws nothing where there is none. */
export function ResumeCard() {
  const { t } = useTranslation('player');
  const router = useRouter();
  const { space } = useTheme();
  const [playing] = useLocal<Playing>(PLAYING);
  const [play] = useLocal<Play>(PLACE);
  const { store, maker } = useLimber();
  const [now] = useState(Date.now);
  const old = play !== undefined && now - Date.parse(play.startedAt) > STALE_MS;
  useEffect(() => {
    if (old) void settleLeftover(store, maker).catch(() => undefined);
  }, [old, store, maker]);
  if (playing === undefined || play === undefined || playing.id !== play.id || untouched(play) || old) return null;
  const ended = play.finishedAt !== null;
  return (
    <Card tone="accent">
      <View style={{ gap: space(1) }}>
        <Text kind="heading" role="heading" level={2}>
          {t(ended ? 'resume.rate' : 'resume.title')}
        </Text>
        <Text soft>{ended ? t('resume.rateText') : t('resume.text', { time: clock(leftS(play)) })}</Text>
      </View>
      <View style={{ flexDirection: 'row' }}>
        <Button icon={ended ? 'check' : 'play'} label={t('resume.on')} onPress={() => router.push(ended ? '/play/after' : '/play')} />
      </View>
    </Card>
  );
}

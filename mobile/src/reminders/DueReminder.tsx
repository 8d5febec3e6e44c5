import { useRouter } from 'expo-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { dueNow } from '@/domain/reminders';
import { useLocal } from '@/store/hooks';
import { Button, Notice, useTheme } from '@/ui';

import { noticeHref } from './shortcuts';
import { useNoticeText, useUpcoming } from './QuietWork';

/** Where no phone rings (the web), the newest reminder of today shows on the home screen until it is put away. */
export function DueReminder() {
  const { t } = useTranslation('progress');
  const router = useRouter();
  const { space } = useTheme();
  const now = useMemo(() => new Date(), []);
  // The last moment of yesterday: whatever came due today is after it.
  const before = useMemo(() => new Date(new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime() - 1), [now]);
  const [away, setAway] = useLocal<string>('reminder-away');
  const say = useNoticeText();
  const due = dueNow(useUpcoming(before) ?? [], now, away);
  if (due === null) return null;
  return (
    <Notice
      kind="info"
      title={say(due)}
      action={(
        <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: space(2) }}>
          <Button kind="quiet" label={t('remind.open')} onPress={() => router.push(noticeHref(due) as '/')} />
          <Button kind="plain" label={t('remind.away')} onPress={() => void setAway(due.id)} />
        </View>
      )}
    />
  );
}

import { useRouter } from 'expo-router';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import type { Payload } from '@/generator/maker';
import { useLabels } from '@/i18n/labels';
import { Button, Notice, Screen, Text, useTheme } from '@/ui';

/** A fever passes at home; these want a doctor the same day; what is named nowhere here, an emergency call. */
const REST: ReadonlySet<string> = new Set(['fever_illness']);
const TODAY: ReadonlySet<string> = new Set(['calf_swelling', 'progressive_neuro', 'suspected_fracture', 'night_pain_fever', 'acute_locked_joint']);

function urgency(flag: string): 'now' | 'today' | 'rest' {
  return REST.has(flag) ? 'rest' : TODAY.has(flag) ? 'today' : 'now';
}

/** A warning sign: no routine, and what to do instead, most urgent first. */
export function Refer({ payload }: { payload: Payload }) {
  const { t } = useTranslation('routine');
  const theme = useTheme();
  const router = useRouter();
  const labels = useLabels();
  const flags = (payload.profile?.red_flags ?? []) as readonly string[];
  const ways = (['now', 'today', 'rest'] as const)
    .map((way) => ({ way, names: flags.filter((flag) => urgency(flag) === way).map((flag) => labels.label('red_flags', flag)) }))
    .filter(({ names }) => names.length > 0);
  // Nothing was ticked: a reading of the blood pressure says it (X07).
  const shown = ways.length > 0 ? ways : [{ way: 'today' as const, names: [t('refer.pressure')] }];
  return (
    <Screen title={t('refer.title')} back>
      {shown.map(({ way, names }) => (
        <Notice key={way} kind={way === 'rest' ? 'warn' : 'danger'} title={t(`refer.${way}`)}>
          <Text kind="small" soft>
            {t('refer.lead')}
          </Text>
          {names.map((name) => (
            <Text key={name}>{`• ${name}`}</Text>
          ))}
        </Notice>
      ))}
      <Text>{t('refer.why')}</Text>
      <View style={{ gap: theme.space(2) }}>
        <Button kind="quiet" label={t('refer.changed')} onPress={() => router.push(flags.length > 0 ? '/start?step=flags' : '/you/profile')} wide />
        <Button kind="plain" label={t('refer.home')} onPress={() => router.replace('/')} wide />
      </View>
    </Screen>
  );
}

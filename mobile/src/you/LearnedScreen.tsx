import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { liking, type Liking } from '@/domain/tastes';
import { useRecord, useStore } from '@/store/hooks';
import { Button, Confirm, Empty, Notice, Row, Screen, Section, Spinner, Text } from '@/ui';

/** What the learned state says of the person's taste, in words; and how to have it forgotten. */
export function LearnedScreen() {
  const { t } = useTranslation('progress');
  const { t: common } = useTranslation('common');
  const { maker } = useLimber();
  const store = useStore();
  const record = useRecord<{ learned: string | null }>('preferences', 'learned');
  const learned = record?.data.learned ?? null;
  const [found, setFound] = useState<readonly Liking[] | 'failed' | null>(null);
  const [asking, setAsking] = useState(false);
  const [forgotten, setForgotten] = useState(false);
  useEffect(() => {
    let left = false;
    const tell = (next: readonly Liking[] | 'failed'): void => {
      if (!left) setFound(next);
    };
    if (record === undefined) return undefined;
    if (learned === null) tell([]);
    else maker.tastes(learned).then((tastes) => tell(liking(tastes)), () => tell('failed'));
    return () => {
      left = true;
    };
  }, [learned, maker, record]);
  const forget = (): void => {
    setAsking(false);
    void store.write([{ collection: 'preferences', id: 'learned', set: { learned: null } }]).then(() => setForgotten(true));
  };
  return (
    <Screen title={t('learned.title')} back="/you">
      <Text soft>{t('learned.text')}</Text>
      {forgotten ? <Notice kind="ok" live title={t('learned.forgotten')} /> : null}
      {found === null ? <Spinner label={common('loading')} /> : found === 'failed' ? <Notice kind="warn" title={t('learned.offline')} /> : <Tastes found={found} />}
      {learned === null ? null : <Button kind="danger" icon="trash" label={t('learned.forget')} onPress={() => setAsking(true)} />}
      <Text kind="small" soft>{t('learned.noise')}</Text>
      <Confirm open={asking} title={t('learned.forgetTitle')} action={t('learned.forget')} onConfirm={forget} onClose={() => setAsking(false)} danger>
        {t('learned.forgetText')}
      </Confirm>
    </Screen>
  );
}

function Tastes({ found }: { found: readonly Liking[] }) {
  const { t } = useTranslation('progress');
  if (found.length === 0) return <Empty icon="star" title={t('learned.nothing')} />;
  // `type:balance` is `type_balance` there; a newer model may know tastes that this app has no words for.
  const name = (code: string): string => t(`taste.${code.replace(':', '_')}`, { defaultValue: code });
  return (
    <>
      {([['likes', 1], ['avoids', -1]] as const).map(([title, sign]) => {
        const some = found.filter((one) => one.sign === sign);
        return some.length === 0 ? null : (
          <Section key={title} title={t(`learned.${title}`)}>
            <View>
              {some.map((one) => <Row key={one.name} icon={sign > 0 ? 'thumb-up' : 'thumb-down'} title={name(one.name)} detail={t(`learned.${one.how}`)} />)}
            </View>
          </Section>
        );
      })}
    </>
  );
}

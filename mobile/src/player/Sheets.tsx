import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { Button, Sheet, Text, useTheme } from '@/ui';

interface EndProps {
  readonly open: boolean;
  /** Something was done: it can be kept. */
  readonly begun: boolean;
  readonly onClose: () => void;
  readonly onFinish: () => void;
  readonly onLater: () => void;
  readonly onDrop: () => void;
}

/** Before a routine is left: nothing that was done gets lost by a slip of a finger. */
export function EndSheet({ open, begun, onClose, onFinish, onLater, onDrop }: EndProps) {
  const { t } = useTranslation('player');
  return (
    <Sheet
      open={open} onClose={onClose} title={t('end.title')}
      footer={
        <>
          <Button label={t('end.on')} icon="play" onPress={onClose} wide />
          {begun ? <Button kind="quiet" label={t('end.finish')} icon="check" onPress={onFinish} wide /> : null}
          <Button kind="quiet" label={t('end.later')} icon="timer" onPress={onLater} wide />
          {begun ? null : <Button kind="plain" label={t('end.drop')} onPress={onDrop} wide />}
        </>
      }
    >
      <Text soft>{begun ? t('end.text') : ''}</Text>
    </Sheet>
  );
}

interface ChangedProps {
  readonly open: boolean;
  readonly onClose: () => void;
  /** null where something else has to be decided first. */
  readonly onGoOn: (() => void) | null;
  readonly children: ReactNode;
}

/** Something became known of the person while they were at it: what is left out for it, and why. */
export function ChangedSheet({ open, onClose, onGoOn, children }: ChangedProps) {
  const { t } = useTranslation('player');
  return (
    <Sheet
      open={open} onClose={onClose} title={t('changed.title')}
      footer={onGoOn === null ? null : <Button icon="play" label={t('changed.on')} onPress={onGoOn} wide />}
    >
      <Text soft>{t('changed.text')}</Text>
      {children}
    </Sheet>
  );
}

const KEYS = [
  ['space', 'names.space'], ['right', 'names.right'], ['left', 'names.left'], ['up', 'names.up'], ['enter', 'names.enter'],
  ['h', 'H'], ['m', 'M'], ['esc', 'names.esc'], ['q', '?'],
] as const;

/** What each key does. */
export function HelpSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation('player');
  const { space, color, radius } = useTheme();
  return (
    <Sheet open={open} onClose={onClose} title={t('help.title')}>
      {KEYS.map(([what, key]) => (
        <View key={what} style={{ flexDirection: 'row', alignItems: 'center', justifyContent: 'space-between', gap: space(4), flexWrap: 'wrap' }}>
          <Text style={{ flexShrink: 1 }}>{t(`help.${what}`)}</Text>
          <View style={{ paddingHorizontal: space(3), paddingVertical: space(1), borderRadius: radius.small, borderWidth: 1.5, borderColor: color.edge, backgroundColor: color.surface }}>
            <Text kind="label">{key.startsWith('names.') ? t(`help.${key}`) : key}</Text>
          </View>
        </View>
      ))}
    </Sheet>
  );
}

import { useTranslation } from 'react-i18next';
import { I18nManager, Pressable, View } from 'react-native';

import type { Hand } from '@/domain/playerSettings';
import { Button, Icon, IconButton, useTheme, type IconName } from '@/ui';

import type { KeyActions } from './useKeys';

interface Props extends Pick<KeyActions, 'onToggle' | 'onBack' | 'onNext' | 'onBegin' | 'onLonger' | 'onHurts'> {
  readonly hand: Hand;
  readonly paused: boolean;
  /** A get-ready, a rest or a change of sides can be cut short. */
  readonly waiting: boolean;
  readonly canLengthen: boolean;
  /** One row of signs: a phone on its side. */
  readonly low: boolean;
}

const BIG = 84;
const LOW = 64;

/** All that can be done without stopping, under the thumb of the hand that holds the phone. */
export function Controls(props: Props) {
  const { t } = useTranslation('player');
  const { space, color } = useTheme();
  // Pixels, not languages, decide: the hand is the same in every script.
  const turned = (props.hand === 'left') !== Boolean(I18nManager.isRTL);
  const row = turned ? 'row-reverse' as const : 'row' as const;
  const transport = (
    <>
      <IconButton icon="previous" label={t('actions.back')} onPress={props.onBack} size={30} />
      <Toggle paused={props.paused} side={props.low ? LOW : BIG} onPress={props.onToggle} />
      <IconButton icon="next" label={t('actions.next')} onPress={props.onNext} size={30} />
    </>
  );
  if (props.low) {
    return (
      <View style={{ flexDirection: row, alignItems: 'center', justifyContent: 'space-between', gap: space(2) }}>
        <IconButton icon="hurt" label={t('actions.hurts')} color={color.danger} onPress={props.onHurts} size={26} />
        {transport}
        {props.waiting ? (
          <IconButton icon="play" label={t('actions.begin')} filled onPress={props.onBegin} size={26} />
        ) : (
          <IconButton icon="plus" label={t('actions.longer')} filled onPress={props.onLonger} disabled={!props.canLengthen} size={26} />
        )}
      </View>
    );
  }
  return (
    <View style={{ gap: space(3) }}>
      <View style={{ flexDirection: row, alignItems: 'center', justifyContent: 'space-between', gap: space(2), flexWrap: 'wrap' }}>
        <Button kind="danger" icon="hurt" label={t('actions.hurtsShort')} hint={t('actions.hurts')} onPress={props.onHurts} />
        {props.waiting ? (
          <Button kind="quiet" icon="play" label={t('actions.begin')} onPress={props.onBegin} />
        ) : (
          <Button
            kind="quiet" icon="timer" label={t('actions.longerShort')} onPress={props.onLonger} disabled={!props.canLengthen}
            hint={t(props.canLengthen ? 'actions.longer' : 'actions.longest')}
          />
        )}
      </View>
      <View style={{ flexDirection: row, alignItems: 'center', justifyContent: 'space-evenly', gap: space(3) }}>{transport}</View>
    </View>
  );
}

function Toggle({ paused, side, onPress }: { paused: boolean; side: number; onPress: () => void }) {
  const { t } = useTranslation('player');
  const { color } = useTheme();
  const icon: IconName = paused ? 'play' : 'pause';
  return (
    <Pressable
      role="button"
      aria-label={t(paused ? 'actions.resume' : 'actions.pause')}
      onPress={onPress}
      style={({ pressed }) => ({
        width: side, height: side, borderRadius: side / 2, alignItems: 'center', justifyContent: 'center',
        backgroundColor: paused ? color.spark : color.accent, opacity: pressed ? 0.8 : 1,
      })}
    >
      <Icon name={icon} size={Math.round(side / 2.1)} color={paused ? color.onSpark : color.onAccent} />
    </Pressable>
  );
}

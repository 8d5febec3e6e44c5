import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import type { Hurt } from '@/domain/play';
import { BodyMap } from '@/figure/BodyMap';
import { useLabels } from '@/i18n/labels';
import { Button, Choice, Notice, Sheet, Slider, Text, useTheme } from '@/ui';

interface Props {
  readonly open: boolean;
  /** Regions of the catalogue, those that the exercise works first. */
  readonly regions: readonly string[];
  readonly onClose: () => void;
  readonly onHurt: (hurt: Hurt) => void;
  /** Something that is no matter for a routine: it ends. */
  readonly onAlarm: () => void;
}

const ELSEWHERE = 'elsewhere';
const ALARM = 'alarm';
const USUAL = 4;

/** Where, how much: two touches, then the exercise stops. */
export function HurtsSheet({ open, regions, onClose, onHurt, onAlarm }: Props) {
  const { t } = useTranslation('player');
  const { label } = useLabels();
  const { space } = useTheme();
  const [where, setWhere] = useState<string | null>(null);
  const [level, setLevel] = useState(USUAL);
  const [map, setMap] = useState(false);
  if (!open) return null;
  const alarm = where === ALARM;
  const known = where !== null && where !== ELSEWHERE && !alarm;
  const words = level <= 3 ? 'low' : level <= 6 ? 'mid' : 'high';
  const options = [
    ...(map ? [] : regions).map((code) => ({ value: code, label: label('regions', code) })), // the map lists them itself
    { value: ELSEWHERE, label: t('hurts.elsewhere') },
    { value: ALARM, label: t('hurts.alarm') },
  ];
  return (
    <Sheet
      open onClose={onClose} title={t('hurts.title')}
      footer={alarm ? (
        <>
          <Button kind="danger" label={t('alarm.end')} onPress={onAlarm} wide />
          <Button kind="plain" label={t('alarm.back')} onPress={() => setWhere(null)} wide />
        </>
      ) : (
        <Button
          kind="danger" icon="hurt" label={t('hurts.stop')} wide disabled={where === null} hint={where === null ? t('hurts.pick') : undefined}
          onPress={() => onHurt({ region: known ? where : null, level })}
        />
      )}
    >
      {alarm ? (
        <Notice kind="danger" title={t('alarm.title')} live>
          {t('alarm.text')}
        </Notice>
      ) : (
        <>
          <Text soft>{t('hurts.text')}</Text>
          <Choice label={t('hurts.where')} hideLabel options={options} value={where} onChange={setWhere} />
          <View style={{ alignItems: 'flex-start' }}>
            <Button kind="plain" icon="body" label={t(map ? 'hurts.list' : 'hurts.map')} onPress={() => setMap(!map)} />
          </View>
          {map ? (
            <View style={{ alignItems: 'center', paddingBottom: space(2) }}>
              <BodyMap by="regions" height={280} highlight={known ? { [where]: 3 } : {}} onPress={setWhere} />
            </View>
          ) : null}
          <Slider
            label={t('hurts.much')} value={level} min={1} max={10} step={1} onChange={setLevel} text={t('hurts.level', { level, words })}
          />
        </>
      )}
    </Sheet>
  );
}

import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot/context';
import { reading, TOO_MUCH_PAIN, valueOf, type SelfTest, type Side } from '@/domain/selftests';
import { codes } from '@/generator/catalog';
import { useLabels } from '@/i18n/labels';
import { useStore } from '@/store/hooks';
import { Button, Card, Choice, Field, Notice, Slider, Text } from '@/ui';

import { useUnits } from './units';

interface Props {
  readonly test: SelfTest;
  readonly side: Side;
  readonly onDone: () => void;
}

/** The tries of one side, how much it hurt, and where. A test that hurt is kept without a value: it measures the pain. */
export function Measure({ test, side, onDone }: Props) {
  const { t } = useTranslation('progress');
  const { t: common } = useTranslation('common');
  const store = useStore();
  const { catalog } = useLimber();
  const { label } = useLabels();
  const { unit, toRecord, fromRecord } = useUnits(test);
  const [typed, setTyped] = useState<readonly string[]>(Array<string>(test.trials).fill(''));
  const [pain, setPain] = useState(0);
  const [regions, setRegions] = useState<readonly string[]>([]);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const limits = { ...test, least: fromRecord(test.least), most: fromRecord(test.most) };
  const read = typed.map((text) => (text.trim() === '' ? null : reading(limits, text)));
  const wrong = (n: number): boolean => typed[n]!.trim() !== '' && read[n] === null;
  const trials = read.filter((value): value is number => value !== null).map(toRecord);
  const hurt = pain >= TOO_MUCH_PAIN;
  const save = async (value: number | null): Promise<void> => {
    setBusy(true);
    await store.create('assessment', {
      test: test.code, at: new Date().toISOString(), side, unit: test.unit, value, trials: value === null ? [] : trials, pain,
      regions: pain > 0 ? regions : [],
    });
    onDone();
  };
  const press = (): void => {
    setTried(true);
    if (typed.some((_, n) => wrong(n)) || (trials.length === 0 && !hurt)) return;
    void save(hurt ? null : valueOf(test, trials));
  };
  return (
    <Card>
      <Text kind="heading" role="heading" level={2}>{t('test.measure', { side })}</Text>
      {typed.map((text, n) => (
        <Field
          key={n}
          kind="number"
          label={`${t('test.trial', { n: n + 1 })} (${t(`unitName.${unit}`)})`}
          value={text}
          error={wrong(n) || (tried && n === 0 && trials.length === 0 && !hurt) ? t('test.wrong', { least: limits.least, most: limits.most }) : null}
          onChange={(next) => setTyped(typed.map((old, at) => (at === n ? next : old)))}
          autoFocus={n === 0}
        />
      ))}
      <Slider label={t('test.pain')} min={0} max={10} step={1} value={pain} text={t('test.painText', { level: pain })} onChange={setPain} />
      {pain > 0 ? (
        <Choice many label={t('test.where')} options={codes(catalog, 'regions').map((value) => ({ value, label: label('regions', value) }))} value={regions} onChange={setRegions} />
      ) : null}
      {hurt ? <Notice kind="warn" live title={t('test.hurt')} /> : null}
      <Button label={t('test.save')} onPress={press} busy={busy} wide />
      <Button kind="plain" label={t('test.skip')} onPress={() => void save(null)} disabled={busy} wide />
      <Button kind="plain" label={common('cancel')} onPress={onDone} disabled={busy} wide />
    </Card>
  );
}

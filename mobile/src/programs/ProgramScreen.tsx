import { useRouter } from 'expo-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { doneOf, follows, nextOf, programOf, programRecord, programWords, sessionsOf, type Following, type Program } from '@/domain/programs';
import { useLabels } from '@/i18n/labels';
import { useRecord, useRecords } from '@/store/hooks';
import { Button, Confirm, Empty, Notice, Row, Screen, Section, Text, useTheme } from '@/ui';

import { usePrograms } from './usePrograms';

/** One program: for whom, what is in each week, what is done, what comes next. */
export function ProgramScreen({ code }: { code: string }) {
  const { t } = useTranslation('programs');
  const router = useRouter();
  const { catalog } = useLimber();
  const program = programOf(catalog, code);
  if (program === undefined) {
    return (
      <Screen title={t('unknown')} back="/programs">
        <Empty icon="calendar" title={t('unknown')} action={<Button label={t('all')} onPress={() => router.replace('/programs' as '/')} />}>
          {t('unknownText')}
        </Empty>
      </Screen>
    );
  }
  return <Known program={program} />;
}

function Known({ program }: { program: Program }) {
  const { t } = useTranslation('programs');
  const theme = useTheme();
  const { language, label } = useLabels();
  const programs = usePrograms();
  const record = useRecord<Following>('preferences', programRecord(program.code));
  const sessions = useRecords('session');
  const [ending, setEnding] = useState(false);
  if (programs === null || record === undefined || sessions === undefined) return null;
  const words = programWords(program, language);
  const all = sessionsOf(program);
  const on = follows(record?.data);
  const done = on ? doneOf(program, record?.data, sessions) : new Set<string>();
  const next = nextOf(program, done);
  const against = program.unsuited.filter((code) => programs.conditions.includes(code));
  const go = (): void => {
    if (next === null) return;
    void (on ? Promise.resolve() : programs.start(program)).then(() => programs.open(program, next));
  };
  return (
    <Screen
      title={words.name}
      back="/programs"
      above={t('size', { weeks: program.weeks.length, count: all.length })}
      footer={next === null || against.length > 0 ? undefined : (
        <Button kind="go" icon="play" wide onPress={go}
          label={t(on ? 'next' : 'start', { what: words.parts[next.part]!.name, minutes: next.minutes })} />
      )}
    >
      <Text>{words.summary}</Text>
      <Text soft>{words.who}</Text>
      {against.length > 0 ? <Notice kind="warn">{t('against', { what: against.map((code) => label('conditions', code)).join(', ') })}</Notice> : null}
      {on && next === null ? (
        <Notice kind="ok" title={t('finished')} action={<Button kind="quiet" label={t('again')} onPress={() => void programs.start(program)} />}>
          {t('finishedText')}
        </Notice>
      ) : null}
      {on ? <Text live kind="label">{t('done', { done: done.size, count: all.length })}</Text> : null}
      {program.weeks.map((_, week) => (
        <Section key={week} title={t('week', { number: week + 1 })}>
          <View role="list">
            {all.filter((session) => session.week === week).map((session) => {
              const part = words.parts[session.part]!;
              const ready = done.has(session.id);
              const detail = `${t('minutes', { count: session.minutes })} · ${part.why}`;
              return (
                <View key={session.id} role="listitem">
                  <Row
                    icon={ready ? 'check' : 'timer'}
                    title={ready ? t('sessionDone', { what: part.name }) : part.name}
                    detail={detail}
                    onPress={on && against.length === 0 ? () => programs.open(program, session) : undefined}
                  />
                </View>
              );
            })}
          </View>
        </Section>
      ))}
      {on ? (
        <View style={{ alignItems: 'flex-start', paddingTop: theme.space(2) }}>
          <Button kind="plain" label={t('end')} onPress={() => setEnding(true)} />
        </View>
      ) : null}
      <Confirm
        open={ending} onClose={() => setEnding(false)} title={t('endTitle')} action={t('end')}
        onConfirm={() => {
          setEnding(false);
          void programs.end(program);
        }}
      >
        {t('endText')}
      </Confirm>
    </Screen>
  );
}

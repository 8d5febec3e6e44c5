import { useRouter } from 'expo-router';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { lastOf } from '@/domain/again';
import { judge, totalS, type Draft, type Edit } from '@/domain/draft';
import { payloadNow } from '@/domain/fit';
import { useLabels } from '@/i18n/labels';
import { startPlaying } from '@/player/playing';
import { Button, Empty, IconButton, Notice, Screen, Spinner, Text, useTheme, useWide } from '@/ui';
import { usePerson } from '@/you/usePerson';

import { makeRoutine, useCurrent } from './current';
import { LeftOut, Missing, Warnings } from './Notes';
import { Phases } from './Phases';
import { Refer } from './Refer';
import { SaveButton } from './SaveButton';
import { ShareSheet } from './ShareSheet';
import { titleOf, useRoutineWords } from './words';

/** The routine that is being looked at, in whatever state it is. */
export function RoutineScreen() {
  const { t } = useTranslation('routine');
  const router = useRouter();
  const limber = useLimber();
  const { current, change } = useCurrent();
  const [tries, setTries] = useState(0);
  switch (current.kind) {
    case 'loading':
    case 'making':
      return (
        <Screen title={t('actions')} back hideTitle>
          <Spinner label={t('making')} />
        </Screen>
      );
    case 'none':
      return (
        <Screen title={t('none.title')} back hideTitle>
          <Empty title={t('none.title')} action={<Button label={t('none.button')} onPress={() => router.replace('/')} />}>
            {t('none.text')}
          </Empty>
        </Screen>
      );
    case 'impossible':
      return <Impossible field={current.field} detail={current.detail} />;
    case 'failed':
      return (
        <Screen title={t('failed.title')} back>
          <Notice kind="warn" live>
            {t('failed.text')}
          </Notice>
          <Button
            label={t('common:retry')}
            icon="refresh"
            onPress={() => {
              setTries(tries + 1);
              void limber.store.recall<{ last: Draft['ask'] }>('ask').then((memory) => memory?.last && makeRoutine(limber, memory.last));
            }}
          />
          {tries > 0 ? (
            <Text kind="small" soft>
              {current.detail}
            </Text>
          ) : null}
        </Screen>
      );
    case 'ready':
      return current.draft.made.routine.status === 'refer'
        ? <Refer payload={current.draft.made.payload} />
        : <Ready draft={current.draft} unknown={current.unknown} onChange={change} />;
  }
}

/** A wish that cannot be met, and which. */
function Impossible({ field, detail }: { field: string; detail: string }) {
  const { t, i18n } = useTranslation('routine');
  const router = useRouter();
  const why = { 'request.kind': 'kind', 'request.budget_s': 'budget' }[field];
  return (
    <Screen title={t('impossible.title')} back>
      <Notice kind="warn" live>
        <Text>{why ? t(`impossible.${why}`) : t('impossible.other', { detail })}</Text>
        {why && i18n.language === 'en' ? (
          <Text kind="small" soft>
            {t('impossible.detail', { detail })}
          </Text>
        ) : null}
      </Notice>
      <Button label={t('impossible.button')} onPress={() => router.replace('/')} />
    </Screen>
  );
}

interface Said {
  readonly text: string;
  /** What was before; null for a refusal, which changed nothing. */
  readonly before: Draft | null;
  readonly rules?: readonly string[];
}

function Ready({ draft, unknown, onChange }: { draft: Draft; unknown: readonly string[]; onChange: (draft: Draft) => void }) {
  const limber = useLimber();
  const { catalog } = limber;
  const { t } = useTranslation('routine');
  const router = useRouter();
  const theme = useTheme();
  const wide = useWide();
  const words = useRoutineWords();
  const labels = useLabels();
  const [said, setSaid] = useState<Said | null>(null);
  const [sharing, setSharing] = useState(false);
  const [busy, setBusy] = useState(false);
  const { made, ask, items } = draft;
  const person = usePerson();
  const judged = useMemo(() => {
    // A draft is kept for days: it is judged for the person as they are now.
    const profile = person === undefined ? made.payload.profile : payloadNow(made.payload, person, catalog, new Date()).profile;
    return judge(catalog, { ...made, payload: { ...made.payload, profile } }, items);
  }, [catalog, made, items, person]);
  const total = totalS(items);
  const request = made.payload.request;
  const kind = (ask?.kind ?? request.kind) as NonNullable<Draft['ask']>['kind'];
  const title = draft.title ?? titleOf(words, { kind, activity: (ask?.activity ?? request.activity) as NonNullable<Draft['ask']>['activity'] });

  const edit = useCallback((result: Edit, text: (after: Draft) => string) => {
    if (!result.ok) return setSaid({ text: '', before: null, rules: result.rules });
    if (result.draft === draft) return undefined;
    onChange(result.draft);
    return setSaid({ text: text(result.draft), before: draft });
  }, [draft, onChange]);

  const start = async (): Promise<void> => {
    setBusy(true);
    try {
      await startPlaying(limber.store, limber.maker, { ...made, routine: { ...made.routine, warnings: judged.warnings } }, items, draft.routine, draft.ask?.program);
      const last = lastOf(draft, new Date());
      if (last) await limber.store.remember('last', last);
      router.push('/play');
    } finally {
      setBusy(false);
    }
  };
  const another = ask === null ? null : (): void => {
    setSaid(null);
    void makeRoutine(limber, ask);
  };
  const broken = [...new Set(judged.violations.map(({ rule }) => rule))];
  const strained = made.routine.budget_s < request.budget_s && draft.from === undefined;

  const footer = (
    <View style={{ gap: theme.space(2) }}>
      {said ? <SaidBar said={said} onUndo={(before) => { onChange(before); setSaid(null); }} onClose={() => setSaid(null)} /> : null}
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: theme.space(2), alignItems: 'center' }}>
        <View style={{ flexGrow: 1, flexBasis: 150 }}>
          <Button kind="go" icon="play" label={t('start')} onPress={() => void start()} busy={busy} disabled={broken.length > 0} wide />
        </View>
        {another ? (
          <Button kind="quiet" icon="refresh" label={t('another')} onPress={another} />
        ) : null}
      </View>
    </View>
  );
  return (
    <Screen
      title={title}
      above={t('above', { time: words.minutes(total), count: items.length })}
      back
      width={wide ? 880 : 720}
      actions={
        <>
          <SaveButton draft={draft} title={title} onChange={onChange} />
          <IconButton icon="share" label={t('share.button')} onPress={() => setSharing(true)} />
        </>
      }
      footer={footer}
    >
      {draft.from === 'link' ? <Notice kind="info">{t('link.from')}</Notice> : null}
      {unknown.length > 0 ? <Notice kind="info">{t('gone', { count: unknown.length })}</Notice> : null}
      {broken.length > 0 ? (
        <Notice
          kind="warn"
          title={t('unfit.title')}
          live
          action={ask ? <Button kind="quiet" label={t('unfit.button')} onPress={() => void makeRoutine(limber, ask)} /> : null}
        >
          <Text kind="small">{t('unfit.text')}</Text>
          {broken.map((rule) => (
            <Text key={rule} kind="small">
              {`• ${t([`refused.${rule}`, 'refused.other'])}`}
            </Text>
          ))}
        </Notice>
      ) : null}
      {strained ? <Notice kind="info">{t('shorter')}</Notice> : null}
      <Warnings codes={judged.warnings} />
      <Phases draft={draft} onEdit={edit} />
      <Missing missing={made.routine.missing} labels={labels} />
      <LeftOut items={made.routine.left_out} />
      <ShareSheet open={sharing} onClose={() => setSharing(false)} draft={draft} title={title} kind={kind} />
    </Screen>
  );
}

/** What an edit did, to be undone; or why it was not done. Said aloud. */
function SaidBar({ said, onUndo, onClose }: { said: Said; onUndo: (before: Draft) => void; onClose: () => void }) {
  const { t } = useTranslation('routine');
  const theme = useTheme();
  if (said.before === null) {
    const rules = said.rules ?? [];
    const plain = rules.every((rule) => ['empty', 'longest', 'shortest'].includes(rule));
    return (
      <Notice kind="warn" title={plain ? undefined : t('refused.title')} live action={<Button kind="plain" label={t('common:close')} onPress={onClose} />}>
        {rules.map((rule) => t([`refused.${rule}`, 'refused.other'])).join(' ')}
      </Notice>
    );
  }
  const { before } = said;
  return (
    <View style={{ flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', paddingStart: theme.space(2) }}>
      <Text kind="small" live style={{ flexShrink: 1 }}>
        {said.text}
      </Text>
      <Button kind="plain" label={t('edit.undo')} onPress={() => onUndo(before)} />
    </View>
  );
}

import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot';
import { activityOrder, type OwnActivity } from '@/domain/ask';
import { useLabels } from '@/i18n/labels';
import { Button, Chip, Chips, Field, Row, Sheet, Spinner, Text, useTheme, Icon } from '@/ui';

// The body's outlines are a chunk of their own: most people choose from the list.
const BodyMap = lazy(async () => ({ default: (await import('@/figure/BodyMap')).BodyMap }));

interface Props {
  readonly value: string | OwnActivity;
  readonly onChange: (activity: string | OwnActivity) => void;
  /** Codes, the latest first. */
  readonly recent: readonly string[];
  /** The person's own activities. */
  readonly mine: readonly string[];
  /** What was chosen on the body map last. */
  readonly own?: OwnActivity;
}

const CHIPS_MOST = 4;
/** Before anybody chose: what most people do. */
const USUAL = ['general', 'desk_work', 'run_distance', 'cycle'];

/** The activity: the latest as chips, all of them in a searchable sheet, or by what the body shall do. */
export function ActivityPicker({ value, onChange, recent, mine, own }: Props) {
  const { t } = useTranslation('home');
  const theme = useTheme();
  const labels = useLabels();
  const { catalog } = useLimber();
  const [open, setOpen] = useState<'list' | 'body' | null>(null);
  const name = (code: string): string => labels.label('activities', code);
  const order = activityOrder([...catalog.activities.keys()], recent, mine, name);
  const chosen = typeof value === 'string' ? value : null;
  const known = new Set([...recent, ...mine]);
  const near = [...new Set([...(chosen ? [chosen] : []), ...order.filter((code) => known.has(code)), ...USUAL])].slice(0, CHIPS_MOST)
    .sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const take = (activity: string | OwnActivity): void => {
    onChange(activity);
    setOpen(null);
  };
  const parts = typeof value === 'string' ? 0 : Object.keys(value.muscles).length;
  return (
    <View style={{ gap: theme.space(3) }}>
      <View role="radiogroup" aria-label={t('activity.label')}>
        <Chips>
          {near.map((code) => (
            <Chip key={code} role="radio" label={name(code)} selected={code === chosen} onPress={() => take(code)} />
          ))}
          {parts > 0 ? (
            <Chip role="radio" icon="body" label={t('activity.ownChosen', { count: parts })} selected onPress={() => setOpen('body')} />
          ) : null}
        </Chips>
      </View>
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', columnGap: theme.space(2) }}>
        <Button kind="plain" icon="search" label={t('activity.all')} onPress={() => setOpen('list')} />
        <Button kind="plain" icon="body" label={t('activity.own')} onPress={() => setOpen('body')} />
      </View>
      <ActivityList open={open === 'list'} order={order} first={order.filter((code) => known.has(code)).length} chosen={chosen} onClose={() => setOpen(null)} onChoose={take} onBody={() => setOpen('body')} />
      {open === 'body' ? (
        <BodyPicker start={typeof value === 'string' ? own : value} onClose={() => setOpen(null)} onChoose={take} />
      ) : null}
    </View>
  );
}

interface ListProps {
  readonly open: boolean;
  readonly order: readonly string[];
  readonly first: number;
  readonly chosen: string | null;
  readonly onClose: () => void;
  readonly onChoose: (code: string) => void;
  readonly onBody: () => void;
}

/** Letters without their marks: somebody who types `uben` means `üben`. */
function plain(text: string): string {
  return text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');
}

function ActivityList({ open, order, first, chosen, onClose, onChoose, onBody }: ListProps) {
  const { t } = useTranslation('home');
  const theme = useTheme();
  const labels = useLabels();
  const { catalog } = useLimber();
  const [query, setQuery] = useState('');
  const words = plain(query).split(/\s+/).filter(Boolean);
  const found = order.filter((code) => {
    const text = plain(`${labels.label('activities', code)} ${catalog.activities.get(code)?.label ?? ''} ${code.replace(/_/g, ' ')}`);
    return words.every((word) => text.includes(word));
  });
  return (
    <Sheet open={open} onClose={onClose} title={t('activity.choose')}>
      <Field label={t('activity.search')} hideLabel placeholder={t('activity.search')} kind="search" value={query} onChange={setQuery} onSubmit={() => found[0] && onChoose(found[0])} />
      <Text kind="small" soft live>
        {query === '' ? t(first > 0 ? 'activity.recent' : 'activity.rest') : t('activity.found', { count: found.length })}
      </Text>
      <View>
        {found.map((code, at) => (
          <View key={code} style={{ borderTopWidth: at > 0 ? 1 : 0, borderColor: theme.color.line, marginTop: query === '' && at === first && first > 0 ? theme.space(4) : 0 }}>
            <Row
              title={labels.label('activities', code)}
              onPress={() => onChoose(code)}
              end={code === chosen ? <Icon name="check" color={theme.color.accent} /> : <View />}
            />
          </View>
        ))}
      </View>
      {found.length === 0 ? <Text soft>{t('activity.none')}</Text> : null}
      <Button kind="quiet" icon="body" label={t('activity.own')} onPress={onBody} />
    </Sheet>
  );
}

interface BodyProps {
  readonly start?: OwnActivity;
  readonly onClose: () => void;
  readonly onChoose: (own: OwnActivity) => void;
}

/** Muscles by tapping: wanted, wanted more, wanted most, not at all. */
function BodyPicker({ start, onClose, onChoose }: BodyProps) {
  const { t } = useTranslation('home');
  const [muscles, setMuscles] = useState<Readonly<Record<string, number>>>(start?.muscles ?? {});
  const press = (code: string): void => {
    const next = ((muscles[code] ?? 0) + 1) % 4;
    const others = Object.fromEntries(Object.entries(muscles).filter(([muscle]) => muscle !== code));
    setMuscles(next === 0 ? others : { ...others, [code]: next });
  };
  const count = Object.keys(muscles).length;
  return (
    <Sheet
      open
      onClose={onClose}
      title={t('activity.own')}
      footer={<Button label={t('activity.ownDone', { count })} disabled={count === 0} onPress={() => onChoose({ muscles })} wide />}
    >
      <Text kind="small" soft>
        {t('activity.ownHint')}
      </Text>
      <Suspense fallback={<Spinner label={t('common:loading')} />}>
        <BodyMap by="muscles" highlight={muscles as Readonly<Record<string, 1 | 2 | 3>>} onPress={press} />
      </Suspense>
    </Sheet>
  );
}

import { useTranslation } from 'react-i18next';
import { ScrollView, View } from 'react-native';

import { useLimber } from '@/boot';
import { bringBack, currentItem, nextItem, swap, type Play, type PlayItem, type Planned } from '@/domain/play';
import type { Fit } from '@/domain/fit';
import { hurtingRegions, inPlaceOf, standIns } from '@/domain/spare';
import { Figure } from '@/figure/Figure';
import type { Made } from '@/generator/maker';
import { useLabels } from '@/i18n/labels';
import { Button, Card, Notice, Section, Text, useTheme } from '@/ui';

interface Props {
  readonly play: Play;
  readonly made: Made;
  /** What became known of the person since; null while it is read: nothing is offered before. */
  readonly fit: Fit | null;
  readonly act: (change: (play: Play) => Play) => void;
  readonly onGoOn: () => void;
  readonly onFinish: () => void;
}

/** Rule L04: more than this is no matter of keeping on. */
const STRONG = 7;

/** An exercise was stopped by pain: what that means for the rest, and what may be done instead. */
export function HurtPanel({ play, made, fit, act, onGoOn, onFinish }: Props) {
  const { t } = useTranslation('player');
  const { catalog } = useLimber();
  const { exercise, label } = useLabels();
  const { space } = useTheme();
  const item = currentItem(play);
  const [region] = item.regions;
  const touched = play.items.map((one, place) => ({ one, place, came: cameFor(play, place) }))
    .filter(({ one, place, came }) => place === play.at.item || (place > play.at.item && (one.state === 'left_out' || came !== null)))
    // What is left out for another reason than this pain is no matter of choice.
    .filter(({ one }) => one.state !== 'left_out' || (fit !== null && fit.against(one.slug).length === 0));
  const leftOut = touched.filter(({ one }) => one.state === 'left_out');
  const over = nextItem(play) === null;
  // Each is offered something of its own, best first.
  const taken = new Set<string>();
  const offers = touched.map(({ one, place, came }) => {
    if (came !== null) return { one, place, came, offered: null };
    const slug = standIns(catalog, made.payload.request.kind, made.instead, play.items, one, hurtingRegions(play.items))
      .find((found) => !taken.has(found) && fit?.suits(found) === true);
    if (slug !== undefined) taken.add(slug);
    return { one, place, came, offered: slug === undefined ? null : inPlaceOf(catalog, one, slug) };
  });
  return (
    <View style={{ flex: 1 }}>
      <ScrollView style={{ flex: 1 }} contentContainerStyle={{ padding: space(5), gap: space(5), maxWidth: 720, width: '100%', alignSelf: 'center' }}>
        <Text kind="title" role="heading" level={2}>
          {t('hurt.title', { name: exercise(item.slug).name })}
        </Text>
        <Notice kind={item.pain >= STRONG ? 'danger' : 'warn'} live>
          {[t(item.pain >= STRONG ? 'hurt.strong' : 'hurt.soft'), region === undefined ? '' : t('hurt.noted')].filter(Boolean).join(' ')}
        </Notice>
        <Section title={leftOut.length > 0 ? t('hurt.kept', { region: label('regions', region ?? '') }) : t('hurt.none')}>
          {offers.map((offer) => (
            <Instead key={offer.one.slug} item={offer.one} {...offer} act={act} mild={item.pain < STRONG} />
          ))}
        </Section>
        {over && leftOut.length > 0 ? <Text soft>{t('hurt.nothingLeft')}</Text> : null}
      </ScrollView>
      <View style={{ gap: space(2), paddingHorizontal: space(5), paddingTop: space(3), maxWidth: 720, width: '100%', alignSelf: 'center' }}>
        {over ? null : <Button kind="go" icon="play" label={t('hurt.on')} onPress={onGoOn} wide />}
        <Button kind={over ? 'primary' : 'plain'} label={t('hurt.finish')} onPress={onFinish} wide />
      </View>
    </View>
  );
}

/** What came in for an item by a swap in the player; null where nothing did. */
function cameFor(play: Play, place: number): string | null {
  const [item, next] = [play.items[place]!, play.items[place + 1]];
  if (next === undefined || (item.state !== 'swapped' && item.state !== 'hurt')) return null;
  return next.origin === null && next.insteadOf === undefined ? next.slug : null;
}

interface InsteadProps {
  readonly item: PlayItem;
  readonly place: number;
  /** What came in for it already. */
  readonly came: string | null;
  readonly offered: Planned | null;
  readonly act: Props['act'];
  /** The person may still keep what was left out. */
  readonly mild: boolean;
}

function Instead({ item, place, came, offered, act, mild }: InsteadProps) {
  const { t } = useTranslation('player');
  const { exercise } = useLabels();
  const { space } = useTheme();
  const { name } = exercise(item.slug);
  const left = item.state === 'left_out';
  if (!left && offered === null && came === null) return null;
  return (
    <Card>
      <View style={{ flexDirection: 'row', alignItems: 'center', gap: space(3) }}>
        <Figure slug={came ?? item.slug} size={52} playing={false} still />
        <View style={{ flex: 1, minWidth: 0 }}>
          <Text kind="label">{name}</Text>
          <Text kind="small" soft live>
            {came !== null ? t('hurt.swapped', { name: exercise(came).name }) : left ? '' : t('hurt.also')}
          </Text>
        </View>
      </View>
      {came === null ? (
        <View style={{ flexDirection: 'row', flexWrap: 'wrap', gap: space(2) }}>
          {offered === null ? null : (
            <Button
              kind="quiet" icon="swap" label={t('hurt.instead', { name: exercise(offered.slug).name })}
              onPress={() => act((now) => swap(now, place, offered))}
            />
          )}
          {left && mild ? (
            <Button kind="plain" label={t('hurt.keepShort')} hint={t('hurt.keep', { name })} onPress={() => act((now) => bringBack(now, place))} />
          ) : null}
        </View>
      ) : null}
    </Card>
  );
}

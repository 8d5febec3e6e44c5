import { useRouter } from 'expo-router';
import { useCallback, useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { FlatList, View } from 'react-native';

import { useLimber } from '@/boot/context';
import { all, dayOf, described, findable, NO_FILTER, passes, type Described, type Filter } from '@/domain/library';
import { Finder } from '@/domain/find';
import { useLabels, useOtherLabels } from '@/i18n/labels';
import { useRecord } from '@/store/hooks';
import { Button, Choice, Empty, Field, Screen, Text, useTheme } from '@/ui';

import { ExerciseRow } from './ExerciseRow';
import { FilterSheet } from './FilterSheet';
import { usePrefs } from './prefs';

const ONLY = ['all', 'favourite', 'my_kit', 'kept_out'] as const;

/** Every exercise, found by words and narrowed by what matters. */
export function Library() {
  const { t } = useTranslation('library');
  const theme = useTheme();
  const router = useRouter();
  const [query, setQuery] = useState('');
  const [filter, setFilter] = useState<Filter>(NO_FILTER);
  const [filtering, setFiltering] = useState(false);
  const found = useFound(useDeferredValue(query), filter);
  const open = useCallback((slug: string) => router.push(`/library/${slug}` as '/'), [router]);
  const prefs = usePrefs();
  const narrowing = { ...filter, only: 'all' as const };
  const set = Object.values(narrowing).filter((value) => Array.isArray(value) && value.length > 0).length + (filter.hardest < 5 ? 1 : 0);
  const header = (
    <View style={{ gap: theme.space(4), paddingBottom: theme.space(4) }}>
      <Field kind="search" label={t('search')} hideLabel placeholder={t('searchHint')} value={query} onChange={setQuery} />
      <Choice label={t('only.label')} hideLabel value={filter.only} onChange={(only) => setFilter({ ...filter, only })}
        options={ONLY.map((value) => ({ value, label: t(`only.${value}`) }))} />
      <View style={{ flexDirection: 'row', flexWrap: 'wrap', alignItems: 'center', justifyContent: 'space-between', gap: theme.space(3) }}>
        <Text kind="small" soft live role="status">{t('count', { count: found.length })}</Text>
        <Button kind="plain" icon="filter" label={t('filter.open', { count: set })} onPress={() => setFiltering(true)} />
      </View>
    </View>
  );
  return (
    <Screen title={t('title')} scroll={false}>
      <FlatList
        data={found}
        keyExtractor={({ slug }) => slug}
        renderItem={({ item }) => <ExerciseRow exercise={item} pref={prefs?.get(item.slug)} onPress={open} />}
        ListHeaderComponent={header}
        ListEmptyComponent={<Empty icon="search" title={t('none.title')}>{t('none.text')}</Empty>}
        initialNumToRender={10}
        maxToRenderPerBatch={10}
        windowSize={7}
        keyboardShouldPersistTaps="handled"
        contentContainerStyle={{ paddingBottom: theme.space(10) }}
        style={{ flex: 1 }}
      />
      <FilterSheet open={filtering} filter={filter} count={found.length} onChange={setFilter} onClose={() => setFiltering(false)} />
    </Screen>
  );
}

/** The other language's words come in when the own ones find nothing: somebody may know an exercise by its other name. */
function useFound(query: string, filter: Filter): readonly Described[] {
  const { catalog } = useLimber();
  const labels = useLabels();
  const prefs = usePrefs();
  const kit = useRecord<{ equipment: readonly string[] }>('profile', 'me')?.data.equipment;
  const finder = useMemo(() => new Finder(all(catalog).map((one) => findable(one, labels, null))), [catalog, labels]);
  const own = useMemo(() => finder.find(query), [finder, query]);
  const other = useOtherLabels(own.length === 0 && query.trim().length > 2);
  const slugs = useMemo(() => {
    if (own.length > 0 || other === null) return own;
    return new Finder(all(catalog).map((one) => findable(one, labels, other))).find(query);
  }, [catalog, labels, other, own, query]);
  return useMemo(() => {
    const today = dayOf(new Date());
    const list = slugs.map((slug) => described(catalog, slug)!)
      .filter((one) => passes(catalog, one, filter, prefs ?? new Map(), today, kit ?? []));
    if (query.trim() !== '') return list;
    const names = new Map(list.map((one) => [one.slug, labels.exercise(one.slug).name]));
    return list.sort((a, b) => names.get(a.slug)!.localeCompare(names.get(b.slug)!, labels.language));
  }, [catalog, filter, kit, labels, prefs, query, slugs]);
}

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import { useLimber } from '@/boot/context';
import { mediaOf, sourceOf, type FileItem, type YouTubeItem } from '@/domain/content';
import { useLabels } from '@/i18n/labels';
import { Button, Section, Text, useTheme } from '@/ui';

import { Embed, Film, useOnline } from './embed';

/** Pictures and videos that editors attached. Nothing is asked of anybody else's server before a person wants to see it. */
export function Videos({ slug }: { slug: string }) {
  const { t } = useTranslation('library');
  const { catalog } = useLimber();
  const { language } = useLabels();
  const online = useOnline();
  const items = mediaOf(catalog, slug);
  if (items.length === 0) return null;
  return (
    <Section title={t('videos.title')} detail={online ? undefined : t('videos.offline')}>
      {items.map((item) =>
        item.kind === 'youtube'
          ? <YouTube key={item.id} item={item} online={online} />
          : <Own key={item.sha256} item={item} alt={item.alt[language] ?? item.alt.en ?? ''} online={online} />)}
    </Section>
  );
}

function YouTube({ item, online }: { item: YouTubeItem; online: boolean }) {
  const { t } = useTranslation('library');
  const { space } = useTheme();
  const [shown, setShown] = useState(false);
  const minutes = Math.floor(item.seconds / 60);
  const length = `${minutes}:${String(item.seconds % 60).padStart(2, '0')}`;
  return (
    <View style={{ gap: space(2) }}>
      <Text kind="label">{item.title}</Text>
      <Text kind="small" soft>{t('videos.from', { channel: item.channel, length })}</Text>
      {shown && online ? <Embed id={item.id} title={item.title} /> : (
        <>
          <Button kind="quiet" icon="play" label={t('videos.play')} disabled={!online} onPress={() => setShown(true)} />
          <Text kind="small" soft>{t('videos.privacy')}</Text>
        </>
      )}
    </View>
  );
}

function Own({ item, alt, online }: { item: FileItem; alt: string; online: boolean }) {
  const { t } = useTranslation('library');
  const { space } = useTheme();
  const credit = [item.credit, item.licence].filter(Boolean).join(', ');
  return (
    <View style={{ gap: space(2) }}>
      {online ? <Film item={item} alt={alt} /> : <Text>{alt}</Text>}
      {credit === '' ? null : <Text kind="small" soft>{t('videos.credit', { credit })}</Text>}
    </View>
  );
}

/** Whose work the exercise began with and that we changed it, as its licence asks. */
export function Source({ slug }: { slug: string }) {
  const { t } = useTranslation('library');
  const { catalog } = useLimber();
  const { language } = useLabels();
  const source = sourceOf(catalog, slug, language);
  if (source === null) return null;
  return (
    <Section title={t('videos.source')} detail={source.label}>
      <Text kind="small">{source.about}</Text>
      {source.citations.map((citation) => <Text key={citation} kind="small" soft>{citation}</Text>)}
    </Section>
  );
}

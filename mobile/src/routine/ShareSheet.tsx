import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { View } from 'react-native';

import type { Kind } from '@/domain/ask';
import type { Draft } from '@/domain/draft';
import { linkOf } from '@/domain/shared';
import { serverAddress } from '@/auth/server';
import { useLabels } from '@/i18n/labels';
import { Field, Row, Sheet, Text } from '@/ui';

import { shareText } from './share';
import { useRoutineWords } from './words';

interface Props {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly draft: Draft;
  readonly title: string;
  readonly kind: Kind;
}

/** Out it goes, as a link or as text; never with anything about the person. */
export function ShareSheet({ open, onClose, draft, title, kind }: Props) {
  const { t } = useTranslation('routine');
  const labels = useLabels();
  const words = useRoutineWords();
  const [result, setResult] = useState<{ kind: 'copied' } | { kind: 'failed'; text: string } | null>(null);
  const { activity } = draft.made.payload.request;
  const link = (): string => {
    const fragment = linkOf({
      kind, title: draft.title, items: draft.items,
      activity: typeof activity === 'string' ? activity : { muscles: activity.muscles ?? {} },
    });
    return `${serverAddress() ?? 'limber:/'}/r#${fragment}`;
  };
  const text = (): string =>
    [title, '', ...draft.items.map((item, at) => `${at + 1}. ${labels.exercise(item.slug).name}: ${words.dose(item)}`)].join('\n');
  const send = async (content: string): Promise<void> => {
    const how = await shareText(title, content);
    if (how === 'shared') onClose();
    else setResult(how === 'copied' ? { kind: 'copied' } : { kind: 'failed', text: content });
  };
  return (
    <Sheet
      open={open}
      onClose={() => {
        setResult(null);
        onClose();
      }}
      title={t('share.title')}
    >
      <Text kind="small" soft>
        {t('share.lead')}
      </Text>
      <View>
        <Row icon="link" title={t('share.link')} detail={t('share.linkHint')} onPress={() => void send(link())} />
        <Row icon="share" title={t('share.text')} detail={t('share.textHint')} onPress={() => void send(text())} />
      </View>
      {result?.kind === 'copied' ? <Text live>{t('share.copied')}</Text> : null}
      {result?.kind === 'failed' ? <Field label={t('share.failed')} value={result.text} onChange={() => undefined} multiline /> : null}
    </Sheet>
  );
}

import { useTranslation } from 'react-i18next';

import { useLimber } from '@/boot';
import { keptFields } from '@/domain/kept';
import type { Draft } from '@/domain/draft';
import { useRecord } from '@/store/hooks';
import { IconButton } from '@/ui';

interface Props {
  readonly draft: Draft;
  readonly title: string;
  readonly onChange: (draft: Draft) => void;
}

/** The heart: keeps the routine as it stands, or lets go of it. */
export function SaveButton({ draft, title, onChange }: Props) {
  const { t } = useTranslation('routine');
  const { store } = useLimber();
  const record = useRecord('routine', draft.routine ?? 'none');
  const kept = draft.routine !== null && record !== null;
  const keep = async (): Promise<void> => {
    onChange({ ...draft, routine: await store.create('routine', keptFields(draft, title, new Date())) });
  };
  const let_go = async (id: string): Promise<void> => {
    await store.write([{ collection: 'routine', id, delete: true }]);
    onChange({ ...draft, routine: null });
  };
  return (
    <IconButton
      icon={kept ? 'heart-filled' : 'heart'}
      selected={kept}
      label={t(kept ? 'unsave' : 'save')}
      onPress={() => void (kept ? let_go(draft.routine!) : keep())}
    />
  );
}

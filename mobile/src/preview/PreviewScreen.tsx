import { useEffect, useState, type ComponentType } from 'react';
import { View } from 'react-native';

import { LimberContext, type Limber } from '@/boot/context';
import { readCatalog } from '@/generator/catalog';
import { i18n, speak } from '@/i18n';
import { loadLabels } from '@/i18n/labels';
import { StoreProvider } from '@/store/hooks';
import type { CatalogCopy } from '@/store/types';
import { Spinner, Text, ThemeProvider, useTheme } from '@/ui';
import { loadFonts } from '@/ui/fonts';

import { askedBy, stillStore } from './still';

type Phase =
  | { readonly kind: 'opening' }
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'ready'; readonly limber: Limber; readonly slug: string; readonly Detail: ComponentType<{ slug: string }> };

const LOOK = {};

/**
 * One exercise as the app shows it, from a draft on the editors' desk, which has this page in a frame. It opens no database, so
 * it never takes the one of an app that is open beside it.
 */
export function PreviewScreen() {
  const [phase, setPhase] = useState<Phase>({ kind: 'opening' });
  useEffect(() => {
    let left = false;
    open().then(
      (ready) => {
        if (!left) setPhase(ready);
      },
      (error: unknown) => {
        if (!left) setPhase({ kind: 'failed', detail: error instanceof Error ? error.message : String(error) });
      },
    );
    return () => {
      left = true;
    };
  }, []);
  return (
    <ThemeProvider look={LOOK}>
      {phase.kind === 'ready' ? (
        <StoreProvider value={phase.limber.store}>
          <LimberContext value={phase.limber}>
            <phase.Detail slug={phase.slug} />
          </LimberContext>
        </StoreProvider>
      ) : (
        <Waiting detail={phase.kind === 'failed' ? phase.detail : null} />
      )}
    </ThemeProvider>
  );
}

function Waiting({ detail }: { detail: string | null }) {
  const theme = useTheme();
  return (
    <View role="main" style={{ flex: 1, minHeight: 320, alignItems: 'center', justifyContent: 'center', gap: theme.space(4), padding: theme.space(6), backgroundColor: theme.color.bg }}>
      {detail === null ? (i18n.isInitialized ? <Spinner label={i18n.t('common:boot.loading')} /> : null) : (
        <>
          <Text kind="title" role="heading" level={1} center>{i18n.t('common:preview.failed')}</Text>
          <Text soft center live>{detail}</Text>
        </>
      )}
    </View>
  );
}

async function open(): Promise<Phase> {
  const asked = askedBy(globalThis.location?.hash ?? '');
  await Promise.all([loadFonts(), loadLabels(await speak(asked?.language))]);
  if (asked === null) throw new Error(i18n.t('common:preview.only'));
  const screen = import('@/app/library/[slug]');
  const answer = await fetch(`/desk/drafts/${asked.draft}/catalogue.json`, { headers: { Accept: 'application/json' } });
  if (!answer.ok) throw new Error(i18n.t('common:preview.refused', { status: answer.status }));
  const copy = (await answer.json()) as CatalogCopy;
  const store = stillStore(copy);
  const catalog = readCatalog(copy.documents, copy.release);
  return { kind: 'ready', slug: asked.slug, limber: { store, catalog, ...ABSENT }, Detail: (await screen).ExerciseDetail };
}

const stop = (): (() => void) => () => undefined;
const never = async (): Promise<never> => {
  throw new Error('a preview has no model');
};
const IDLE = { phase: 'signed-out', waiting: 0, refused: 0, lastAt: null, detail: null } as const;
const NOBODY = { kind: 'signed-out' } as const;

/** No model, no sync and nobody signed in. */
const ABSENT = {
  maker: { phase: 'failed', ready: never, subscribe: stop, make: never } as unknown as Limber['maker'],
  sync: { state: () => IDLE, subscribe: stop, now: async () => IDLE, stop: () => undefined },
  account: { state: () => NOBODY, subscribe: stop } as unknown as Limber['account'],
};

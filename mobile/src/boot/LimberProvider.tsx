import { useEffect, useState, type ReactNode } from 'react';
import { View } from 'react-native';

import { i18n, speak } from '@/i18n';
import { StoreProvider } from '@/store/hooks';
import { askForDatabase, ownDatabase } from '@/store/lock';
import type { Store } from '@/store/types';
import { Button, Spinner, Text, ThemeProvider, useTheme, type Look } from '@/ui';
import { loadFonts } from '@/ui/fonts';

import { LimberContext } from './context';
import { catalogOf, openLimber, speakPreferred, type Opened } from './open';

type Phase =
  | { readonly kind: 'opening' }
  | { readonly kind: 'elsewhere' } // another tab has the database, and this one waits for it
  | { readonly kind: 'gone' } // another tab asked for it and has it now
  | { readonly kind: 'failed'; readonly detail: string }
  | { readonly kind: 'ready'; readonly opened: Opened };

/** Local key `device-settings`: what is this device's own and not the person's. All optional. */
export interface DeviceSettings {
  readonly contrast?: boolean;
  /** 1 to 2. */
  readonly textScale?: number;
}

/** Opens everything, and shows in words what keeps it from opening. */
export function LimberProvider({ children }: { children: ReactNode }) {
  const [phase, setPhase] = useState<Phase>({ kind: 'opening' });
  const [look, setLook] = useState<Look>({});
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    let opened: Opened | null = null;
    let left = false;
    const words = Promise.all([loadFonts(), speak(null)]);
    const show = (next: Phase): void => {
      void words.finally(() => {
        if (!left) setPhase(next);
      });
    };
    ownDatabase({
      onWait: () => show({ kind: 'elsewhere' }),
      onAsked: (release) => {
        void (opened?.close() ?? Promise.resolve()).finally(() => {
          show({ kind: 'gone' });
          release();
        });
      },
    })
      .then(openLimber)
      .then(async (done) => {
        opened = done;
        setLook(await lookOf(done.limber.store));
        show({ kind: 'ready', opened: done });
      })
      .catch((error: unknown) => show({ kind: 'failed', detail: error instanceof Error ? error.message : String(error) }));
    return () => {
      left = true;
    };
  }, [attempt]);

  return (
    <ThemeProvider look={look}>
      {phase.kind === 'ready' ? (
        <Ready opened={phase.opened} onLook={setLook}>
          {children}
        </Ready>
      ) : (
        <NotReady phase={phase} onAgain={() => setAttempt(attempt + 1)} />
      )}
    </ThemeProvider>
  );
}

/** What the person's preferences and this device say about the look. */
async function lookOf(store: Store): Promise<Look> {
  const [app, device] = await Promise.all([
    store.get<{ theme: Look['theme']; reduce_motion: boolean | null }>('preferences', 'app'),
    store.recall<DeviceSettings>('device-settings'),
  ]);
  return {
    theme: app?.data.theme ?? 'system',
    // false is "as the system says": nobody asks for more movement than their system allows
    reduceMotion: app?.data.reduce_motion ? true : null,
    contrast: device?.contrast,
    textScale: device?.textScale,
  };
}

/** Keeps what was opened current: look, language and catalogue follow the store. Model and sync start after the first screen. */
function Ready({ opened, onLook, children }: { opened: Opened; onLook: (look: Look) => void; children: ReactNode }) {
  const first = opened.limber;
  const [limber, setLimber] = useState(first);
  useEffect(() => {
    // After the first frame: loading a model must not hold up the first screen.
    const soon = setTimeout(() => void opened.start(), 50);
    return () => clearTimeout(soon);
  }, [opened]);
  useEffect(
    () =>
      first.store.subscribe((changed) => {
        if (changed.has('preferences') || changed.has('local:device-settings')) void lookOf(first.store).then(onLook);
        if (changed.has('preferences')) void speakPreferred(first.store).catch(() => undefined);
        if (changed.has('catalog')) {
          void Promise.all([catalogOf(first.store), first.maker.ready().then((maker) => maker.reloadCatalog())])
            .then(([catalog]) => setLimber((now) => ({ ...now, catalog })))
            .catch(() => undefined); // the release before stays in use
        }
      }),
    [first, onLook],
  );
  return (
    <StoreProvider value={first.store}>
      <LimberContext value={limber}>{children}</LimberContext>
    </StoreProvider>
  );
}

function NotReady({ phase, onAgain }: { phase: Exclude<Phase, { kind: 'ready' }>; onAgain: () => void }) {
  const theme = useTheme();
  const page = {
    flex: 1, backgroundColor: theme.color.bg, alignItems: 'center' as const, justifyContent: 'center' as const, padding: theme.space(6), gap: theme.space(4),
  };
  if (phase.kind === 'opening') {
    return (
      <View role="main" style={page}>
        {i18n.isInitialized ? <Spinner label={i18n.t('common:boot.loading')} /> : null}
      </View>
    );
  }
  const t = (key: string, values = {}): string => i18n.t(`common:boot.${phase.kind}.${key}`, values);
  return (
    <View role="main" style={page}>
      <View style={{ maxWidth: 480, gap: theme.space(4), alignItems: 'center' }}>
        <Text kind="title" role="heading" level={1} center>
          {t('title')}
        </Text>
        <Text soft center live>
          {t('text')}
        </Text>
        {phase.kind === 'failed' ? (
          <Text kind="small" soft center>
            {t('detail', { detail: phase.detail })}
          </Text>
        ) : null}
        {phase.kind === 'elsewhere' ? <Button label={t('take')} onPress={askForDatabase} /> : null}
        {phase.kind === 'gone' ? <Button label={t('take')} onPress={() => location.reload()} /> : null}
        {phase.kind === 'failed' ? <Button label={i18n.t('common:retry')} icon="refresh" onPress={onAgain} /> : null}
      </View>
    </View>
  );
}

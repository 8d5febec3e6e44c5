import { useRouter } from 'expo-router';
import { useEffect, useRef, type ReactNode } from 'react';
import { I18nManager, ScrollView, View, type Text as PlainText } from 'react-native';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { IconButton } from './Button';
import { focusHeading, setTitle } from './page';
import { Text } from './Text';
import { useTheme, useWide } from './theme';
import { useWords } from './words';

interface Props {
  readonly title: string;
  /** Shows a way back: to the screen before, or to this path where there is none (a deep link); true is the home screen. */
  readonly back?: boolean | string;
  /** Buttons at the end of the bar. */
  readonly actions?: ReactNode;
  readonly children: ReactNode;
  /** false: the children fill the screen and scroll by themselves. */
  readonly scroll?: boolean;
  /** Stays in sight below what scrolls. */
  readonly footer?: ReactNode;
  /** The title is said and named in the tab, but not shown: where the content begins with one of its own. */
  readonly hideTitle?: boolean;
  /** A line above the title. */
  readonly above?: string;
  /** Widest the content gets, px. */
  readonly width?: number;
}

/** A screen: the landmark `main`, one first heading, a way back that works on a deep link too. */
export function Screen({ title, back, actions, children, scroll = true, footer, hideTitle, above, width = 720 }: Props) {
  const theme = useTheme();
  const wide = useWide();
  const insets = useSafeAreaInsets();
  const heading = useRef<PlainText>(null);
  useEffect(() => focusHeading(heading.current), []);
  useEffect(() => setTitle(title === 'Limber' ? title : `${title} · Limber`), [title]);
  const side = theme.space(wide ? 10 : 5);
  const column = { width: '100%' as const, maxWidth: width + 2 * side, alignSelf: 'center' as const, paddingHorizontal: side };
  const header = (
    <View style={{ gap: theme.space(1) }}>
      {back || actions ? (
        <View style={{ flexDirection: 'row', alignItems: 'center', minHeight: 48, marginStart: back ? -theme.space(3) : 0 }}>
          {back ? <Back to={back === true ? '/' : back} /> : null}
          <View style={{ flex: 1 }} />
          {actions}
        </View>
      ) : (
        <View style={{ height: theme.space(wide ? 8 : 4) }} />
      )}
      {above ? (
        <Text kind="label" color={theme.color.accent}>
          {above}
        </Text>
      ) : null}
      <View style={hideTitle ? HIDDEN : undefined}>
        <Text ref={heading} kind="title" role="heading" level={1} reachable>
          {title}
        </Text>
      </View>
    </View>
  );
  return (
    <View role="main" style={{ flex: 1, backgroundColor: theme.color.bg, paddingTop: insets.top }}>
      {scroll ? (
        <ScrollView
          style={{ flex: 1 }}
          contentContainerStyle={[column, { gap: theme.space(7), paddingBottom: theme.space(12) + (footer ? 0 : insets.bottom) }]}
          keyboardShouldPersistTaps="handled"
        >
          {header}
          {children}
        </ScrollView>
      ) : (
        <View style={[column, { flex: 1, gap: theme.space(4) }]}>
          {header}
          {children}
        </View>
      )}
      {footer ? (
        <View style={{ borderTopWidth: 1, borderColor: theme.color.line, backgroundColor: theme.color.bg }}>
          <View style={[column, { paddingVertical: theme.space(3), gap: theme.space(2) }]}>{footer}</View>
        </View>
      ) : null}
    </View>
  );
}

/** Out of sight, still there for screen readers. */
const HIDDEN = { position: 'absolute', width: 1, height: 1, overflow: 'hidden', opacity: 0.01 } as const;

function Back({ to }: { to: string }) {
  const router = useRouter();
  const words = useWords();
  return (
    <View style={{ transform: [{ scaleX: I18nManager.isRTL ? -1 : 1 }] }}>
      <IconButton icon="back" label={words.back} onPress={() => (router.canGoBack() ? router.back() : router.replace(to as '/'))} />
    </View>
  );
}

import { Link, usePathname } from 'expo-router';
import type { ReactNode } from 'react';
import { Pressable, View } from 'react-native';
import { useTranslation } from 'react-i18next';
import { useSafeAreaInsets } from 'react-native-safe-area-context';

import { useSyncWord } from '@/layout/useSyncWord';
import { Button, Icon, Notice, Text, TOUCH, useTheme, useWide } from '@/ui';
import { useUpdate } from '@/web/update';

import { placeOf, TABS, type Tab, type TabName } from './tabs';

/** The navigation around the screens: a bar below on a phone, a rail beside where there is room. */
export function Frame({ children }: { children: ReactNode }) {
  const theme = useTheme();
  const wide = useWide();
  const { tab, shown } = placeOf(usePathname(), wide);
  return (
    <View style={{ flex: 1, flexDirection: wide ? 'row' : 'column', backgroundColor: theme.color.bg }}>
      {wide && shown ? <Rail tab={tab} /> : null}
      <View style={{ flex: 1, minWidth: 0 }}>
        {shown ? <UpdateNotice /> : null}
        {children}
      </View>
      {!wide && shown ? <Bar tab={tab} /> : null}
    </View>
  );
}

/** A newer version waits: never pressed on somebody, and never in the middle of a routine. */
function UpdateNotice() {
  const { t } = useTranslation('common');
  const theme = useTheme();
  const { ready, apply } = useUpdate();
  if (!ready) return null;
  return (
    <View style={{ padding: theme.space(3) }}>
      <Notice kind="info" title={t('update.ready')} live action={<Button kind="quiet" label={t('update.apply')} onPress={apply} />} />
    </View>
  );
}

function Bar({ tab }: { tab: TabName }) {
  const theme = useTheme();
  const { t } = useTranslation('common');
  const { bottom } = useSafeAreaInsets();
  return (
    <View
      role="navigation"
      aria-label={t('tabs.label')}
      style={{
        flexDirection: 'row', borderTopWidth: 1, borderColor: theme.color.line, backgroundColor: theme.color.surface,
        paddingBottom: bottom, paddingHorizontal: theme.space(2),
      }}
    >
      {TABS.map((one) => (
        <TabLink key={one.name} {...one} here={one.name === tab} grow />
      ))}
    </View>
  );
}

function Rail({ tab }: { tab: TabName }) {
  const theme = useTheme();
  const { t } = useTranslation('common');
  const { top } = useSafeAreaInsets();
  return (
    <View
      role="navigation"
      aria-label={t('tabs.label')}
      style={{
        width: 104 * Math.min(theme.scale, 1.4), paddingTop: top + theme.space(8), paddingHorizontal: theme.space(2), gap: theme.space(3), alignItems: 'stretch',
        borderEndWidth: 1, borderColor: theme.color.line, backgroundColor: theme.color.surface,
      }}
    >
      {TABS.map((one) => (
        <TabLink key={one.name} {...one} here={one.name === tab} />
      ))}
    </View>
  );
}

function TabLink({ name, href, icon, here, grow = false }: Tab & { here: boolean; grow?: boolean }) {
  const theme = useTheme();
  const { color } = theme;
  const { t } = useTranslation('common');
  const word = useSyncWord();
  const marked = name === 'you' && word !== null;
  const label = marked ? `${t(`tabs.${name}`)}. ${word}` : t(`tabs.${name}`);
  return (
    <Link href={href} asChild>
      <Pressable
        role="link"
        aria-label={label}
        aria-selected={undefined}
        {...{ 'aria-current': here ? 'page' : undefined }}
        accessibilityState={{ selected: here }}
        style={{ flexGrow: grow ? 1 : 0, flexBasis: grow ? 0 : 'auto', minHeight: TOUCH + 12, alignItems: 'center', justifyContent: 'center', paddingVertical: theme.space(2), gap: 2 }}
      >
        <View style={{ paddingHorizontal: theme.space(4), paddingVertical: 3, borderRadius: theme.radius.pill, backgroundColor: here ? color.accentSoft : 'transparent' }}>
          <Icon name={icon} color={here ? color.accent : color.inkSoft} />
          {marked ? (
            <View style={{ position: 'absolute', top: 2, end: 12, width: 9, height: 9, borderRadius: 5, backgroundColor: color.spark }} />
          ) : null}
        </View>
        <Text kind="label" color={here ? color.accent : color.inkSoft} center style={{ fontSize: 13 * Math.min(theme.scale, 1.35), lineHeight: 17 * Math.min(theme.scale, 1.35) }}>
          {t(`tabs.${name}`)}
        </Text>
      </Pressable>
    </Link>
  );
}

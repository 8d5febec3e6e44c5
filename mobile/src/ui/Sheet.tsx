import { useId, type ReactNode } from 'react';
import { Modal, ScrollView, View } from 'react-native';

import { Button, IconButton } from './Button';
import { useWords } from './words';
import { Text } from './Text';
import { useTheme, useWide } from './theme';

interface SheetProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Stays in sight below what scrolls. */
  readonly footer?: ReactNode;
}

/** A dialogue over the screen: from below on a phone, in the middle where there is room. Holds the focus; Escape closes it. */
export function Sheet({ open, onClose, title, children, footer }: SheetProps) {
  const theme = useTheme();
  const { color } = theme;
  const wide = useWide();
  const words = useWords();
  const id = useId();
  if (!open) return null;
  const named = { 'aria-labelledby': id, 'aria-label': title };
  return (
    <Modal visible transparent animationType={theme.reducedMotion ? 'none' : wide ? 'fade' : 'slide'} onRequestClose={onClose} {...named}>
      <View style={{ flex: 1, justifyContent: wide ? 'center' : 'flex-end', alignItems: 'center', backgroundColor: color.veil }}>
        {/* No control, so that neither Tab nor a screen reader stops here: they have the button. */}
        <View
          aria-hidden
          onStartShouldSetResponder={() => true}
          onResponderRelease={onClose}
          style={{ position: 'absolute', top: 0, bottom: 0, start: 0, end: 0 }}
        />
        <View
          style={{
            width: '100%', maxWidth: 600, maxHeight: '90%', backgroundColor: color.bg, overflow: 'hidden',
            borderTopStartRadius: theme.radius.sheet, borderTopEndRadius: theme.radius.sheet,
            borderBottomStartRadius: wide ? theme.radius.sheet : 0, borderBottomEndRadius: wide ? theme.radius.sheet : 0,
            borderWidth: theme.name === 'contrast' ? 2 : 0, borderColor: color.edge,
          }}
        >
          <View style={{ flexDirection: 'row', alignItems: 'center', gap: theme.space(2), paddingStart: theme.space(6), paddingEnd: theme.space(3), paddingTop: theme.space(4) }}>
            <View id={id} style={{ flex: 1 }}>
              <Text kind="heading" role="heading" level={2}>
                {title}
              </Text>
            </View>
            <IconButton icon="close" label={words.close} onPress={onClose} />
          </View>
          <ScrollView style={{ flexShrink: 1 }} contentContainerStyle={{ padding: theme.space(6), paddingTop: theme.space(3), gap: theme.space(4) }} keyboardShouldPersistTaps="handled">
            {children}
          </ScrollView>
          {footer ? <View style={{ padding: theme.space(4), paddingHorizontal: theme.space(6), borderTopWidth: 1, borderColor: color.line, gap: theme.space(2) }}>{footer}</View> : null}
        </View>
      </View>
    </Modal>
  );
}

interface ConfirmProps {
  readonly open: boolean;
  readonly title: string;
  readonly children?: ReactNode;
  /** What the button does, in its words: "Erase everything". */
  readonly action: string;
  readonly onConfirm: () => void;
  readonly onClose: () => void;
  readonly danger?: boolean;
  readonly busy?: boolean;
}

/** Asks before what cannot be undone. */
export function Confirm({ open, title, children, action, onConfirm, onClose, danger, busy }: ConfirmProps) {
  const words = useWords();
  return (
    <Sheet
      open={open}
      onClose={onClose}
      title={title}
      footer={
        <>
          <Button label={action} kind={danger ? 'danger' : 'primary'} onPress={onConfirm} busy={busy} wide />
          <Button label={words.cancel} kind="plain" onPress={onClose} wide />
        </>
      }
    >
      {typeof children === 'string' ? <Text>{children}</Text> : children}
    </Sheet>
  );
}

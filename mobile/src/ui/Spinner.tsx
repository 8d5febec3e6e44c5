import { View } from 'react-native';

import { Spinning } from './Spinning';
import { Text } from './Text';
import { useTheme } from './theme';

/** Says what is being waited for. */
export function Spinner({ label }: { label: string }) {
  const theme = useTheme();
  return (
    <View role="status" aria-live="polite" style={{ alignItems: 'center', justifyContent: 'center', gap: theme.space(3), padding: theme.space(8) }}>
      <Spinning />
      <Text kind="small" soft center>
        {label}
      </Text>
    </View>
  );
}

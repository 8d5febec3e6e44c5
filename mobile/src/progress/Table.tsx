import { View } from 'react-native';

import { Text, useTheme } from '@/ui';

interface Props {
  readonly label: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Numbers in rows, named as a table to screen readers. */
export function Table({ label, head, rows }: Props) {
  const { color, space } = useTheme();
  const line = { flexDirection: 'row' as const, gap: space(2), paddingVertical: space(2), borderBottomWidth: 1, borderColor: color.line };
  return (
    <View role="table" aria-label={label}>
      <View role="row" style={line}>
        {head.map((name) => (
          <View key={name} {...{ role: 'columnheader' as const }} style={{ flex: 1 }}>
            <Text kind="label" soft>{name}</Text>
          </View>
        ))}
      </View>
      {rows.map((row) => (
        <View key={row.join('|')} role="row" style={line}>
          {row.map((text, n) => (
            <View key={head[n]} role="cell" style={{ flex: 1 }}>
              <Text kind="small">{text}</Text>
            </View>
          ))}
        </View>
      ))}
    </View>
  );
}

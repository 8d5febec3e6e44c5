import { Stack } from 'expo-router';

import { useReducedMotion, useTheme } from '@/ui';

/** On phones the system's own stack, with its gestures; tabs do not slide. */
export function Routes() {
  const theme = useTheme();
  const still = useReducedMotion();
  return (
    <Stack screenOptions={{ headerShown: false, animation: still ? 'none' : 'default', contentStyle: { backgroundColor: theme.color.bg } }} />
  );
}

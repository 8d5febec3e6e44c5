import { useLocalSearchParams } from 'expo-router';

import { TestScreen } from '@/progress/TestScreen';

export default function TestRoute() {
  const { test } = useLocalSearchParams<{ test: string }>();
  return <TestScreen key={test} code={test} />;
}

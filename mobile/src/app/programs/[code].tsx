import { useLocalSearchParams } from 'expo-router';

import { ProgramScreen } from '@/programs/ProgramScreen';

export default function ProgramRoute() {
  const { code } = useLocalSearchParams<{ code: string }>();
  return <ProgramScreen code={code} />;
}

import { Redirect } from 'expo-router';

import { HomeScreen } from '@/home/HomeScreen';
import { useLocalState } from '@/store/hooks';

/** Home; on the very first launch the short start before it. */
export default function Home() {
  const { loading, value } = useLocalState<{ readonly done: string }>('onboarding');
  if (loading) return null;
  return value === undefined ? <Redirect href="/start" /> : <HomeScreen />;
}

import { useLocalSearchParams } from 'expo-router';

import { ExerciseDetail } from '@/library/ExerciseDetail';

/** For the editors' preview, which asks for this screen's chunk: a module that two chunks hold would weigh on the first load. */
export { ExerciseDetail };

export default function ExerciseRoute() {
  const { slug } = useLocalSearchParams<{ slug: string }>();
  return <ExerciseDetail slug={slug} />;
}

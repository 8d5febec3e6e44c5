import { useLocalSearchParams } from 'expo-router';

import { ExerciseDetail } from '@/library/ExerciseDetail';

export default function ExerciseRoute() {
  const { slug } = useLocalSearchParams<{ slug: string }>();
  return <ExerciseDetail slug={slug} />;
}

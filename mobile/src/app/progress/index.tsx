import { ProgressScreen } from '@/progress/ProgressScreen';

export default function ProgressRoute() {
  return <ProgressScreen />;
}

import { LearnedScreen } from '@/you/LearnedScreen';

export default function Route() {
  return <LearnedScreen />;
}

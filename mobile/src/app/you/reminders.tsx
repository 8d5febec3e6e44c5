import { RemindersScreen } from '@/you/RemindersScreen';

export default function Route() {
  return <RemindersScreen />;
}

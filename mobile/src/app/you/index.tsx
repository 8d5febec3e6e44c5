import { YouScreen } from '@/you/YouScreen';

export default function Route() {
  return <YouScreen />;
}

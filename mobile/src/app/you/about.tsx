import { AboutScreen } from '@/you/AboutScreen';

export default function Route() {
  return <AboutScreen />;
}

import { AfterScreen } from '@/player/AfterScreen';

export default function AfterRoute() {
  return <AfterScreen />;
}

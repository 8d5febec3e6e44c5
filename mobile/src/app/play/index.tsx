import { PlayerScreen } from '@/player/PlayerScreen';

export default function PlayRoute() {
  return <PlayerScreen />;
}

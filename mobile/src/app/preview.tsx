import { PreviewScreen } from '@/preview/PreviewScreen';

export default function PreviewRoute() {
  return <PreviewScreen />;
}

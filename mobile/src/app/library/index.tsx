import { Library } from '@/library/Library';

export default function LibraryRoute() {
  return <Library />;
}

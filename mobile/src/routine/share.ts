import { Share } from 'react-native';

/** The system's own sheet. `shared` also where somebody thought better of it; `failed`: show the text to be copied by hand. */
export async function shareText(title: string, text: string): Promise<'shared' | 'copied' | 'failed'> {
  return Share.share({ title, message: text }).then(() => 'shared' as const, () => 'failed' as const);
}

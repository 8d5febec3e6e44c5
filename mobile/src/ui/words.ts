import { useTranslation } from 'react-i18next';

/** The few words that components say by themselves. */
export function useWords(): { readonly close: string; readonly back: string; readonly cancel: string } {
  const { t } = useTranslation('common');
  return { close: t('close'), back: t('back'), cancel: t('cancel') };
}

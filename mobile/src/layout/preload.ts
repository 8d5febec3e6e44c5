/** On phones everything is in the app already. */
export function usePreload(): void {}

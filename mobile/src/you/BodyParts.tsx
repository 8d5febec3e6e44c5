import { BodyMap } from '@/figure/BodyMap';

interface Props {
  readonly chosen: readonly string[];
  readonly onChange: (chosen: string[]) => void;
}

/** Regions of the body, chosen on the map or in its list. */
export function BodyParts({ chosen, onChange }: Props) {
  const press = (code: string): void =>
    onChange(chosen.includes(code) ? chosen.filter((one) => one !== code) : [...chosen, code]);
  return <BodyMap by="regions" highlight={Object.fromEntries(chosen.map((code) => [code, 3 as const]))} onPress={press} />;
}

import { fireEvent, render, screen } from '@testing-library/react-native';
import { createInstance } from 'i18next';
import { I18nextProvider, initReactI18next } from 'react-i18next';
import type { ReactNode } from 'react';

import figure from '@/i18n/en/figure.json';

import { BodyMap } from './BodyMap';
import { HEIGHT, WIDTH } from './bodyShapes';

jest.mock('expo-router', () => ({ useRouter: () => ({}) }));
jest.mock('@/i18n/labels', () => ({
  useLabels: () => ({ language: 'en', label: (_: string, code: string) => code.replace(/_/g, ' ') }),
}));

const i18n = createInstance();
beforeAll(() =>
  i18n.use(initReactI18next).init({ lng: 'en', resources: { en: { figure } }, interpolation: { prefix: '{', suffix: '}' } }),
);
const show = (map: ReactNode) => render(<I18nextProvider i18n={i18n}>{map}</I18nextProvider>);
const touch = (x: number, y: number) => ({ nativeEvent: { locationX: x + WIDTH / 2, locationY: y } });

describe('the body map', () => {
  it('tells a screen reader in words what it shows', () => {
    show(<BodyMap by="muscles" highlight={{ quads: 3, hip_flexors: 1, glute_max: 2 }} />);
    expect(screen.getByLabelText('Body from the front and the back. Most: quads. Clearly: glute max. A little: hip flexors')).toBeTruthy();
  });

  it('of one side names only what that side shows', () => {
    show(<BodyMap by="muscles" view="back" highlight={{ quads: 3, glute_max: 2 }} />);
    expect(screen.getByLabelText('Body from the back. Clearly: glute max')).toBeTruthy();
  });

  it('takes a touch on the drawing', () => {
    const pressed = jest.fn();
    show(<BodyMap by="regions" view="front" height={HEIGHT} highlight={{}} onPress={pressed} />);
    const drawing = screen.getByTestId('body-front', { includeHiddenElements: true });
    fireEvent(drawing, 'responderRelease', touch(21, 315));
    fireEvent(drawing, 'responderRelease', touch(-58, 170));
    fireEvent(drawing, 'responderRelease', touch(85, 20));
    expect(pressed.mock.calls).toEqual([['knee'], ['elbow']]);
  });

  it('can be used without seeing or touching it', () => {
    const pressed = jest.fn();
    show(<BodyMap by="regions" highlight={{ knee: 2 }} onPress={pressed} />);
    expect(screen.getAllByRole('checkbox')).toHaveLength(10);
    expect(screen.getByRole('checkbox', { name: 'knee' })).toBeChecked();
    fireEvent.press(screen.getByRole('checkbox', { name: 'lumbar spine' }));
    expect(pressed).toHaveBeenCalledWith('lumbar_spine');
  });
});

/** What every component owes to people who do not see or touch it. */

import { fireEvent, render, screen } from '@testing-library/react-native';
import { useState } from 'react';

import { speak } from '@/i18n';

import { Button, Choice, Confirm, Dial, Field, IconButton, Notice, Progress, Slider, Switch } from '.';
import { dialValue } from './Dial';
import { slide } from './keys';

beforeAll(() => speak('en'));

test('a button that works says so and cannot be pressed again', () => {
  const pressed = jest.fn();
  render(<Button label="Save" busy onPress={pressed} />);
  const button = screen.getByRole('button', { name: 'Save' });
  expect(button).toBeBusy();
  fireEvent.press(button);
  expect(pressed).not.toHaveBeenCalled();
});

test('an icon has a name', () => {
  render(<IconButton icon="close" label="Close" onPress={() => undefined} />);
  expect(screen.getByRole('button', { name: 'Close' })).toBeTruthy();
});

function Levels({ many }: { many: boolean }) {
  const [one, setOne] = useState<string | null>(null);
  const [any, setAny] = useState<string[]>(['b']);
  const options = [{ value: 'a', label: 'Alpha' }, { value: 'b', label: 'Beta' }];
  return many
    ? <Choice label="Levels" options={options} many value={any} onChange={setAny} />
    : <Choice label="Levels" options={options} value={one} onChange={setOne} />;
}

test('one of several: the chosen one is checked and no other', () => {
  render(<Levels many={false} />);
  fireEvent.press(screen.getByRole('radio', { name: 'Alpha' }));
  fireEvent.press(screen.getByRole('radio', { name: 'Beta' }));
  expect(screen.getByRole('radio', { name: 'Beta' })).toBeChecked();
  expect(screen.getByRole('radio', { name: 'Alpha' })).not.toBeChecked();
});

test('arrow keys move within one of several', () => {
  render(<Levels many={false} />);
  const group = screen.getByLabelText('Levels');
  const key = (name: string) => fireEvent(group, 'keyDown', { key: name, preventDefault: () => undefined, currentTarget: {} });
  key('ArrowDown');
  expect(screen.getByRole('radio', { name: 'Alpha' })).toBeChecked();
  key('ArrowUp');
  expect(screen.getByRole('radio', { name: 'Beta' })).toBeChecked();
});

test('any of several: each is on or off by itself', () => {
  render(<Levels many />);
  fireEvent.press(screen.getByRole('checkbox', { name: 'Alpha' }));
  fireEvent.press(screen.getByRole('checkbox', { name: 'Beta' }));
  expect(screen.getByRole('checkbox', { name: 'Alpha' })).toBeChecked();
  expect(screen.getByRole('checkbox', { name: 'Beta' })).not.toBeChecked();
});

test('a mistake in a field is said aloud', () => {
  render(<Field label="Year" value="85" onChange={() => undefined} error="A year like 1985" />);
  expect(screen.getByText('A year like 1985').props['aria-live'] ?? screen.getByText('A year like 1985').props.accessibilityLiveRegion).toBe('polite');
  expect(screen.getByLabelText('Year')).toBeTruthy();
});

test('a switch is on or off, and its row is what one presses', () => {
  const changed = jest.fn();
  render(<Switch label="Sound" hint="Also when muted" value={false} onChange={changed} />);
  fireEvent.press(screen.getByRole('switch', { name: /Sound/ }));
  expect(changed).toHaveBeenCalledWith(true);
});

test.each([['slider', Slider], ['dial', Dial]])('a %s can be moved by a screen reader’s gesture, by keys and not beyond its ends', (_, Part) => {
  const changed = jest.fn();
  render(<Part label="Minutes" unit="min" value={44} min={3} max={45} step={1} onChange={changed} less="Less" more="More" />);
  const slider = screen.getByRole('slider', { name: 'Minutes' });
  expect(slider).toHaveAccessibilityValue({ min: 3, max: 45, now: 44, text: '44 min' });
  fireEvent(slider, 'accessibilityAction', { nativeEvent: { actionName: 'increment' } });
  fireEvent(slider, 'keyDown', { key: 'PageUp', preventDefault: () => undefined });
  fireEvent(slider, 'keyDown', { key: 'Home', preventDefault: () => undefined });
  fireEvent(slider, 'keyDown', { key: 'a', preventDefault: () => undefined });
  expect(changed.mock.calls).toEqual([[45], [45], [3]]);
});

test('the dial reads an angle: its ends are below, its middle on top', () => {
  const at = (degrees: number): number => dialValue(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180), 3, 45, 1);
  expect([at(135), at(-90), at(45), at(80), at(100)]).toEqual([3, 24, 45, 45, 3]);
});

test('a slider goes the way one reads', () => {
  expect([slide('ArrowRight', 5, 0, 10, 1), slide('ArrowRight', 5, 0, 10, 1, true), slide('ArrowUp', 5, 0, 10, 1, true)]).toEqual([6, 4, 6]);
});

test('what cannot be undone is asked for in its own words', () => {
  const confirmed = jest.fn();
  render(<Confirm open title="Erase?" action="Erase everything" danger onConfirm={confirmed} onClose={() => undefined}>All of it.</Confirm>);
  expect(screen.getByRole('button', { name: 'Cancel' })).toBeTruthy();
  fireEvent.press(screen.getByRole('button', { name: 'Erase everything' }));
  expect(confirmed).toHaveBeenCalled();
});

test('progress and danger are told without colour', () => {
  render(
    <>
      <Progress value={0.4} label="Step 2 of 5" />
      <Notice kind="danger" title="Stop">Now.</Notice>
    </>,
  );
  expect(screen.getByRole('progressbar', { name: 'Step 2 of 5' })).toHaveAccessibilityValue({ now: 40 });
  expect(screen.getByText('Stop')).toBeTruthy();
});

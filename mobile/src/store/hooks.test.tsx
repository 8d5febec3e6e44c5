/** Screens show what the store holds, and draw again when it changes. */

import { act, renderHook, waitFor } from '@testing-library/react-native';
import { openDatabaseAsync } from 'expo-sqlite';
import type { ReactNode } from 'react';

import { StoreProvider, useLocal, useLocalState, useRecord, useRecords, useRefusals } from './hooks';
import { storeOver } from './open';
import type { Store } from './types';

const bundled = { digest: 'd', read: async () => ({ release: 1, documents: [] }) };

let store: Store;
const wrapper = ({ children }: { children: ReactNode }) => <StoreProvider value={store}>{children}</StoreProvider>;

beforeEach(async () => {
  store = await storeOver(await openDatabaseAsync('limber.db'), { bundled });
});

test('records appear, change and go', async () => {
  const { result } = renderHook(() => useRecords<{ title: string }>('routine'), { wrapper });
  expect(result.current).toBeUndefined();
  await waitFor(() => expect(result.current).toEqual([]));
  let id = '';
  await act(async () => { id = await store.create('routine', { title: 'Hips' }); });
  await waitFor(() => expect(result.current).toEqual([{ id, data: { title: 'Hips' } }]));
  await act(() => store.write([{ collection: 'routine', id, delete: true }]));
  await waitFor(() => expect(result.current).toEqual([]));
});

test('one record is null while there is none', async () => {
  const { result } = renderHook(() => useRecord('profile', 'me'), { wrapper });
  expect(result.current).toBeUndefined();
  await waitFor(() => expect(result.current).toBeNull());
  await act(() => store.write([{ collection: 'profile', id: 'me', set: { level: 'trained' } }]));
  await waitFor(() => expect(result.current).toEqual({ id: 'me', data: { level: 'trained' } }));
});

test('what is kept on this device is told apart from what is not read yet', async () => {
  const { result } = renderHook(() => useLocalState<number>('ask'), { wrapper });
  expect(result.current).toMatchObject({ loading: true, value: undefined });
  await waitFor(() => expect(result.current).toMatchObject({ loading: false, value: undefined }));
  await act(() => result.current.set(7));
  await waitFor(() => expect(result.current.value).toBe(7));
  await act(() => store.remember('ask', 8));
  await waitFor(() => expect(result.current.value).toBe(8));
  await act(() => store.erase());
  await waitFor(() => expect(result.current).toMatchObject({ loading: false, value: undefined }));
});

test('a screen that comes back shows at once what is still true, and never what was', async () => {
  const first = renderHook(() => useRecords('routine'), { wrapper });
  await waitFor(() => expect(first.result.current).toEqual([]));
  first.unmount();
  const second = renderHook(() => useRecords('routine'), { wrapper });
  expect(second.result.current).toEqual([]);
  second.unmount();
  await store.create('routine', { title: 'Hips' });
  const third = renderHook(() => useRecords('routine'), { wrapper });
  expect(third.result.current).toBeUndefined();
  await waitFor(() => expect(third.result.current).toHaveLength(1));
});

test('two screens share one answer', async () => {
  const list = jest.spyOn(store, 'recall');
  const one = renderHook(() => useLocal<string>('draft'), { wrapper });
  const two = renderHook(() => useLocal<string>('draft'), { wrapper });
  await act(() => one.result.current[1]('x'));
  await waitFor(() => expect([one.result.current[0], two.result.current[0]]).toEqual(['x', 'x']));
  expect(list.mock.calls.length).toBeLessThanOrEqual(2);
});

test('refusals are shown', async () => {
  const { result } = renderHook(() => useRefusals(), { wrapper });
  await waitFor(() => expect(result.current).toEqual([]));
});

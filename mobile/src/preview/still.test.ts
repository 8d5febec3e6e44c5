import { askedBy, LookingOnly, stillStore } from './still';

const DRAFT = '0199aaaa-bbbb-7ccc-8ddd-eeeeffff0000';

test('the address of a preview names a draft, an exercise and a language', () => {
  expect(askedBy(`#draft=${DRAFT}&slug=cat-cow&lang=de`)).toEqual({ draft: DRAFT, slug: 'cat-cow', language: 'de' });
  expect(askedBy(`#draft=${DRAFT}&slug=cat-cow`)).toMatchObject({ language: 'en' });
});

test.each(['', '#', '#draft=../you&slug=cat-cow', `#draft=${DRAFT}`, '#slug=cat-cow'])('an address that is not one is refused: %s', (hash) => {
  expect(askedBy(hash)).toBeNull();
});

test('a preview has the catalogue, nobody’s records, and keeps nothing', async () => {
  const copy = { release: 3, documents: [] };
  const store = stillStore(copy);
  expect(await store.catalog()).toBe(copy);
  expect(await store.list('session')).toEqual([]);
  await expect(store.write([])).rejects.toThrow(LookingOnly);
  await expect(store.remember('draft', {})).rejects.toThrow(LookingOnly);
});

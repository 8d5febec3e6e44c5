// RxDB's own replicateRxCollection(), from npm, against our server: the memory storage, every document held to its schema.

import assert from 'node:assert/strict'

import { addRxPlugin, createRxDatabase } from 'rxdb'
import { RxDBCleanupPlugin } from 'rxdb/plugins/cleanup'
import { replicateRxCollection } from 'rxdb/plugins/replication'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import { wrappedValidateAjvStorage } from 'rxdb/plugins/validate-ajv'

import { conflictHandler, listen, replicate } from './limber-rxdb.mjs'
import { Native, ask, head, long, network, newDevice, random, story, tell, url, uuid } from './stories.mjs'

addRxPlugin(RxDBCleanupPlugin)

const schema = (properties) => ({
  version: 0,
  primaryKey: 'id',
  type: 'object',
  properties: { id: { type: 'string', maxLength: 200 }, ...properties },
  required: ['id'],
})
const text = { type: 'string' }
const number = { type: 'number' }
const yes = { type: 'boolean' }
const list = { type: 'array', items: {} }
const SCHEMAS = {
  profile: schema({ name: text, level: text, conditions: list, blood_pressure: { type: 'object' } }),
  routine: schema({ title: text, notes: text, budget_s: number, favourite: yes, items: list }),
  exercise_pref: schema({ rating: number, excluded: yes, notes: text }),
  feedback: schema({ at: text, about: text, rating: number, notes: text }),
}

const open = []

class Client {
  constructor(account) {
    this.account = account
    this.net = network()
    this.told = []
    this.conflicts = []
    this.errors = []
    this.device = newDevice()
    this.replications = new Map()
  }

  static async open(account, { collections = ['routine'], handler = conflictHandler } = {}) {
    const client = new Client(account)
    client.database = await createRxDatabase({
      name: uuid(),
      storage: wrappedValidateAjvStorage({ storage: getRxStorageMemory() }),
      multiInstance: false,
    })
    const wanted = collections.map((name) => [name, { schema: SCHEMAS[name], conflictHandler: handler ?? undefined }])
    await client.database.addCollections(Object.fromEntries(wanted))
    open.push(client)
    return client
  }

  start() {
    for (const collection of Object.values(this.database.collections)) {
      const options = {
        collection,
        url,
        device: this.device,
        token: () => this.account.token,
        fetch: this.net.fetch,
        onRejected: (error, document) => this.told.push({ ...error, document }),
      }
      const start = (more) => replicateRxCollection({ ...more, live: true, retryTime: 20, waitForLeadership: false })
      replicate(start, options, (replication) => {
        replication.error$.subscribe((error) => this.errors.push(error))
        replication.conflict$.subscribe((conflict) => this.conflicts.push(conflict))
        this.replications.set(collection.name, replication)
      })
    }
  }

  async sync() {
    this.net.offline = false
    if (this.replications.size === 0) this.start()
    // Twice: what the server merged from the push comes with the pull after it.
    for (let round = 0; round < 2; round += 1) {
      for (const replication of this.replications.values()) {
        replication.reSync()
        await replication.awaitInSync()
      }
    }
  }

  async stop() {
    await Promise.all([...this.replications.values()].map((replication) => replication.cancel()))
    this.replications.clear()
  }

  of(collection) {
    return this.database.collections[collection]
  }

  async get(collection, id) {
    return (await this.of(collection).findOne(id).exec())?.toJSON()
  }

  async all(collection) {
    const found = await this.of(collection).find().exec()
    return new Map(found.map((each) => [each.primary, each.toJSON()]))
  }

  async patch(collection, id, fields) {
    await (await this.of(collection).findOne(id).exec()).incrementalPatch(fields)
  }

  async remove(collection, id) {
    await (await this.of(collection).findOne(id).exec()).incrementalRemove()
  }

  pages(collection) {
    return this.net.requests.filter((each) => each.url.includes(`/${collection}/pull`))
  }
}

async function setting(options) {
  const account = await ask('account')
  return { account, native: new Native(account), client: await Client.open(account, options) }
}

const routine = (title, more = {}) => ({ title, favourite: false, ...more })

async function raw(account, what, options = {}) {
  const headers = { Authorization: `Bearer ${account.token}`, 'Content-Type': 'application/json' }
  const response = await fetch(`${url}/v1/adapters/rxdb/${what}`, { headers, ...options })
  return { status: response.status, body: await response.json() }
}

story('an empty account has nothing, and a checkpoint without news comes back as it went', async () => {
  const { account, native, client } = await setting()
  await client.sync()
  assert.equal((await client.all('routine')).size, 0)
  assert.deepEqual((await raw(account, 'routine/pull?limit=10')).body, { documents: [], checkpoint: null })
  await native.put('routine', uuid(), routine('One'))
  const { checkpoint } = (await raw(account, 'routine/pull?limit=10')).body
  const query = new URLSearchParams({ ...checkpoint, limit: 10 })
  assert.deepEqual((await raw(account, `routine/pull?${query}`)).body, { documents: [], checkpoint })
  assert.deepEqual(client.errors, [])
})

story('the first sync brings all that the account has', async () => {
  const { native, client } = await setting({ collections: ['routine', 'exercise_pref'] })
  const [one, two] = [uuid(), uuid()]
  await native.sync(
    native.patch('routine', one, routine('Morning', { items: [{ slug: 'calf-raise', sets: 2 }], notes: null })),
    native.patch('routine', two, routine('Evening')),
    native.patch('exercise_pref', 'calf-raise', { rating: 1 }),
    native.patch('routine', two, null),
  )
  await client.sync()
  assert.deepEqual(
    [...(await client.all('routine')).values()],
    [{ id: one, title: 'Morning', favourite: false, items: [{ slug: 'calf-raise', sets: 2 }] }],
  )
  assert.equal((await client.get('exercise_pref', 'calf-raise')).rating, 1)
  assert.deepEqual(client.errors, [])
})

story('what is made here appears on a native device, and back', async () => {
  const { native, client } = await setting({ collections: ['profile', 'routine'] })
  await client.sync()
  const id = uuid()
  const items = [{ slug: 'calf-raise', sets: 3 }]
  await client.of('routine').insert({ id, title: 'Mine', items })
  await client.of('profile').insert({ id: 'me', level: 'trained', conditions: ['achilles_tendinopathy'] })
  await client.sync()
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Mine', items })
  assert.deepEqual(native.get('profile', 'me'), { level: 'trained', conditions: ['achilles_tendinopathy'] })
  await native.put('profile', 'me', { conditions: ['low_back_pain'], name: 'Mia' })
  await client.sync()
  assert.deepEqual(await client.get('profile', 'me'), {
    id: 'me', level: 'trained', conditions: ['low_back_pain'], name: 'Mia',
  })
  assert.deepEqual([client.errors, client.conflicts], [[], []])
})

story('edits of different fields on both sides are both kept, and nobody is asked', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before', { notes: 'before' }))
  await client.sync()
  client.net.offline = true
  await client.patch('routine', id, { notes: 'typed here' })
  await native.put('routine', id, { title: 'Typed there' })
  await client.sync()
  await native.sync()
  const both = { title: 'Typed there', notes: 'typed here', favourite: false }
  assert.deepEqual(native.get('routine', id), both)
  assert.deepEqual(await client.get('routine', id), { id, ...both })
  assert.deepEqual(client.conflicts, [])
})

story('an edit of the same field on both sides is a conflict, which the client solves', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  client.net.offline = true
  await client.patch('routine', id, { title: 'Here', budget_s: 600 })
  await native.put('routine', id, { title: 'There', notes: 'theirs' })
  await client.sync()
  await native.sync()
  assert.equal(client.conflicts.length, 1)
  assert.equal(client.conflicts[0].input.realMasterState.title, 'There')
  const solved = { title: 'Here', notes: 'theirs', budget_s: 600, favourite: false }
  assert.deepEqual(native.get('routine', id), solved)
  assert.deepEqual(await client.get('routine', id), { id, ...solved })
})

story("with RxDB's own conflict handler the server's document stands", async () => {
  const { native, client } = await setting({ handler: null })
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  client.net.offline = true
  await client.patch('routine', id, { title: 'Here' })
  await native.put('routine', id, { title: 'There' })
  await client.sync()
  await native.sync()
  assert.equal(client.conflicts.length, 1)
  assert.equal((await client.get('routine', id)).title, 'There')
  assert.equal(native.get('routine', id).title, 'There')
})

story('the same edit on both sides is no conflict', async () => {
  const { account, native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  client.net.offline = true
  await client.patch('routine', id, { title: 'Same' })
  await native.put('routine', id, { title: 'Same' })
  const before = await head(account)
  await client.sync()
  assert.deepEqual(client.conflicts, [])
  assert.equal(await head(account), before)
})

story('the same edit on both sides does not hide what else was edited there', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  await client.stop()
  await client.patch('routine', id, { title: 'Same' })
  await native.put('routine', id, { title: 'Same', notes: 'more', budget_s: 600 })
  // The pull comes before the push, and RxDB passes over what it has yet to push.
  client.net.offline = 'POST'
  const before = client.pages('routine').length
  client.start()
  for (let waits = 0; client.pages('routine').length === before; waits += 1) {
    assert.ok(waits < 2_000)
    await new Promise((next) => setTimeout(next, 10))
  }
  await client.sync()
  assert.deepEqual(client.conflicts, [])
  assert.deepEqual(await client.get('routine', id), { id, title: 'Same', notes: 'more', budget_s: 600, favourite: false })
})

story('deleted elsewhere, edited here: the edit brings it back', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before', { notes: 'before' }))
  await client.sync()
  client.net.offline = true
  await client.patch('routine', id, { title: 'Here' })
  await native.put('routine', id, null)
  await client.sync()
  await native.sync()
  const back = { title: 'Here', notes: 'before', favourite: false }
  assert.deepEqual(native.get('routine', id), back)
  assert.deepEqual(await client.get('routine', id), { id, ...back })
})

story('deleted here, edited elsewhere: the edit brings it back', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  client.net.offline = true
  await client.remove('routine', id)
  await native.put('routine', id, { title: 'There' })
  await client.sync()
  await native.sync()
  assert.equal(native.get('routine', id).title, 'There')
  assert.equal((await client.get('routine', id)).title, 'There')
})

story('deleted here, untouched elsewhere: gone everywhere; and made anew under the same id', async () => {
  const { native, client } = await setting({ collections: ['exercise_pref'] })
  await native.put('exercise_pref', 'lunge', { rating: 1, notes: 'slowly' })
  await client.sync()
  await client.remove('exercise_pref', 'lunge')
  await client.sync()
  await native.sync()
  assert.equal(native.get('exercise_pref', 'lunge'), undefined)
  await client.of('exercise_pref').insert({ id: 'lunge', rating: -1 })
  await client.sync()
  await native.sync()
  assert.equal(native.get('exercise_pref', 'lunge').rating, -1)
  assert.deepEqual([client.errors, client.conflicts], [[], []])
})

story('a field that is removed here is empty everywhere', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Title', { notes: 'some' }))
  await client.sync()
  const document = await client.of('routine').findOne(id).exec()
  await document.incrementalModify(({ notes, ...rest }) => rest)
  await client.sync()
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Title', notes: null, favourite: false })
  assert.deepEqual(await client.get('routine', id), { id, title: 'Title', favourite: false })
})

story('a push whose answer was lost is accepted again and moves nothing', async () => {
  const { account, native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  client.net.lose('POST')
  const before = await head(account)
  await client.patch('routine', id, { title: 'Here' })
  await client.sync()
  assert.equal(client.errors.length, 1)
  assert.ok(client.net.requests.filter((each) => each.method === 'POST').length >= 2)
  assert.equal(await head(account), before + 1)
  assert.deepEqual(client.conflicts, [])
  await native.sync()
  assert.equal(native.get('routine', id).title, 'Here')
})

story('what is typed after an answer was lost is kept', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await client.sync()
  client.net.lose('POST')
  await client.of('routine').insert({ id, title: 'First' })
  await client.patch('routine', id, { title: 'Second' })
  client.net.lose('POST')
  await client.patch('routine', id, { title: 'Third' })
  await client.sync()
  await native.sync()
  assert.equal(native.get('routine', id).title, 'Third')
  assert.equal((await client.get('routine', id)).title, 'Third')
})

story('a client that forgot where it stood pushes all again, and equal documents are no conflict', async () => {
  const { account, native, client } = await setting()
  await client.sync()
  const ids = Array.from({ length: 150 }, uuid)
  await client.of('routine').bulkInsert(ids.map((id, place) => ({ id, title: `Routine ${place}`, items: [{ slug: 'a' }] })))
  await client.sync()
  await client.stop()
  const before = await head(account)
  client.device = newDevice()
  await client.sync()
  assert.equal(await head(account), before)
  assert.deepEqual(client.conflicts, [])
  await native.sync()
  assert.equal(native.ids('routine').length, 150)
})

story('a client that was away longer than deletions are remembered loses what is gone and keeps what is unsent', async () => {
  const { account, native, client } = await setting({ collections: ['routine', 'exercise_pref'] })
  const [gone, kept, late] = [uuid(), uuid(), uuid()]
  await native.sync(
    native.patch('routine', gone, routine('Gone')),
    native.patch('routine', kept, routine('Kept')),
    native.patch('exercise_pref', 'lunge', { rating: 1 }),
  )
  await client.sync()
  client.net.offline = true
  await client.patch('routine', kept, { notes: 'typed here' })
  await client.of('routine').insert({ id: late, title: 'Late' })
  await native.sync(native.patch('routine', gone, null), native.patch('exercise_pref', 'lunge', null))
  await native.put('routine', kept, { title: 'Kept, edited' })
  await ask('prune', { account: account.id })
  await client.sync()
  assert.deepEqual([...(await client.all('routine')).keys()].sort(), [kept, late].sort())
  assert.equal((await client.all('exercise_pref')).size, 0)
  await native.sync()
  assert.deepEqual(native.ids('routine'), [kept, late].sort())
  assert.deepEqual(native.get('routine', kept), { title: 'Kept, edited', notes: 'typed here', favourite: false })
})

story('an edit of a record whose deletion was forgotten makes it anew', async () => {
  const { account, native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Gone', { notes: 'before' }))
  await client.sync()
  client.net.offline = true
  await client.patch('routine', id, { title: 'Here' })
  await native.put('routine', id, null)
  await ask('prune', { account: account.id })
  await client.sync()
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Here', notes: 'before', favourite: false })
})

story('a server that was restored from a backup gets back what it had accepted from here', async () => {
  const { account, native, client } = await setting()
  const [old, mine, lost, unsent] = [uuid(), uuid(), uuid(), uuid()]
  await native.sync(native.patch('routine', old, routine('Old')), native.patch('routine', mine, routine('Backed up')))
  await client.sync()
  await client.patch('routine', mine, { title: 'After the backup' })
  await client.of('routine').insert({ id: lost, title: 'Lost', items: [{ slug: 'lunge' }] })
  await client.sync()
  client.net.offline = true
  await client.of('routine').insert({ id: unsent, title: 'Unsent' })
  await ask('restore', { account: account.id, collection: 'routine', forgotten: [lost], titles: { [mine]: 'Backed up' } })
  const before = client.replications.get('routine')
  client.net.offline = false
  before.reSync()
  for (let waits = 0; client.replications.get('routine') === before; waits += 1) {
    assert.ok(waits < 2_000)
    await new Promise((next) => setTimeout(next, 10))
  }
  await client.sync()
  await native.sync()
  assert.deepEqual(native.ids('routine'), [old, mine, lost, unsent].sort())
  assert.equal(native.get('routine', mine).title, 'After the backup')
  assert.deepEqual(native.get('routine', lost), { title: 'Lost', items: [{ slug: 'lunge' }] })
  assert.equal((await client.all('routine')).size, 4)
  const there = await head(account)
  await client.sync()
  assert.equal(await head(account), there)
})

long('a first pull in many pages, with other collections between, misses nothing and repeats nothing', async () => {
  const { account, native, client } = await setting({ collections: ['routine', 'exercise_pref'] })
  const ids = Array.from({ length: 3_000 }, uuid)
  const patches = ids.flatMap((id, place) => [
    native.patch('routine', id, routine(`Routine ${place}`)),
    native.patch('exercise_pref', `exercise-${place}`, { rating: 1 }),
    ...(place % 10 ? [] : [native.patch('feedback', uuid(), { at: '2026-01-09T18:27:59Z', about: 'app' })]),
  ])
  await native.sync(...patches)
  // A deletion of long ago that is forgotten does not send a first pull back to its beginning.
  await native.put('routine', ids[2_999], null)
  await ask('prune', { account: account.id })
  await client.sync()
  assert.equal((await client.all('routine')).size, 2_999)
  assert.equal((await client.all('exercise_pref')).size, 3_000)
  assert.ok(client.pages('routine').length >= 15) // 200 a page
  const seen = []
  let checkpoint = {}
  for (let more = true; more; ) {
    const { body } = await raw(account, `routine/pull?${new URLSearchParams({ ...checkpoint, limit: 70 })}`)
    assert.ok(body.documents.length <= 70)
    assert.equal(body.resync, undefined)
    seen.push(...body.documents.map((document) => document.id))
    checkpoint = body.checkpoint
    more = body.documents.length === 70
  }
  assert.equal(seen.length, 2_999)
  assert.equal(new Set(seen).size, 2_999)
})

story('a record that is rejected does not stop the others, and is named', async () => {
  const { native, client } = await setting({ collections: ['feedback'] })
  await client.sync()
  const at = '2026-01-09T18:27:59Z'
  const [good, bad, later] = [uuid(), uuid(), uuid()]
  await client.of('feedback').bulkInsert([
    { id: bad, at, about: 'the weather' },
    { id: good, at, about: 'app' },
  ])
  await client.sync()
  assert.deepEqual(
    client.told.map(({ id, code, field, document }) => ({ id, code, field, about: document.about })),
    [{ id: bad, code: 'invalid', field: 'about', about: 'the weather' }],
  )
  // RxDB has one way to refuse: the server's document, which is none, takes the place of this one.
  assert.deepEqual([...(await client.all('feedback')).keys()], [good])
  await client.of('feedback').insert({ id: later, at, about: 'session' })
  await client.sync()
  await native.sync()
  assert.deepEqual(native.ids('feedback'), [good, later].sort())
  assert.deepEqual(client.errors, [])
})

story('what is written once stays as it was, and says so', async () => {
  const { account, native, client } = await setting({ collections: ['feedback'] })
  const id = uuid()
  await native.put('feedback', id, { at: '2026-01-09T18:27:59Z', about: 'app', notes: 'fine' })
  await client.sync()
  const before = await head(account)
  await client.patch('feedback', id, { notes: 'not so fine' })
  await client.sync()
  assert.equal((await client.get('feedback', id)).notes, 'fine')
  await client.remove('feedback', id)
  await client.sync()
  assert.equal((await client.get('feedback', id)).notes, 'fine')
  assert.deepEqual(client.told.map((each) => each.code), ['append_only', 'append_only'])
  assert.equal(await head(account), before)
})

long('a push larger than a request goes in parts', async () => {
  const { native, client } = await setting()
  await client.sync()
  const notes = 'n'.repeat(3_900)
  const many = Array.from({ length: 400 }, (_, place) => ({ id: uuid(), title: `Routine ${place}`, notes }))
  await client.of('routine').bulkInsert(many)
  await client.sync()
  const posts = client.net.requests.filter((each) => each.method === 'POST')
  assert.ok(posts.length >= 4 && posts.every((each) => each.status === 200 && each.sent < 500_000))
  await native.sync()
  assert.equal(native.ids('routine').length, 400)
})

story('two clients that edit, create and delete end the same, and as the server', async () => {
  const { account, native, client } = await setting()
  const other = await Client.open(account, { collections: ['routine'] })
  const next = random(20260109)
  const ids = Array.from({ length: 12 }, uuid)
  await native.sync(...ids.map((id, place) => native.patch('routine', id, routine(`Routine ${place}`))))
  await client.sync()
  await other.sync()
  for (let round = 0; round < 25; round += 1) {
    for (const each of [client, other]) {
      if (next(3) === 0) await each.sync()
      if (next(2) === 0) each.net.offline = true
      const there = [...(await each.all('routine')).keys()].sort()
      const id = there[next(there.length || 1)]
      const what = next(5)
      if (what === 0 || !id) await each.of('routine').insert({ id: uuid(), title: `New ${round}` })
      else if (what === 1 && there.length > 4) await each.remove('routine', id)
      else if (what === 2) await each.patch('routine', id, { title: `Title ${next(1000)}` })
      else await each.patch('routine', id, { notes: `Notes ${next(1000)}`, budget_s: next(1000) + 1 })
      if (next(6) === 0) each.net.lose('POST')
    }
  }
  for (const each of [client, other, client, other]) await each.sync()
  await native.sync()
  const served = new Map(native.ids('routine').map((id) => [id, { id, ...native.get('routine', id) }]))
  const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  assert.deepEqual(sorted(await client.all('routine')), sorted(await other.all('routine')))
  assert.deepEqual(sorted(await client.all('routine')), sorted(served))
})

story('two clients that make the same record end with both halves of it', async () => {
  const { account, client } = await setting({ collections: ['exercise_pref'] })
  const other = await Client.open(account, { collections: ['exercise_pref'] })
  await client.sync()
  await other.sync()
  client.net.offline = other.net.offline = true
  await client.of('exercise_pref').insert({ id: 'lunge', rating: 1 })
  await other.of('exercise_pref').insert({ id: 'lunge', notes: 'slowly' })
  for (const each of [client, other, client]) await each.sync()
  for (const each of [client, other]) {
    assert.deepEqual(await each.get('exercise_pref', 'lunge'), { id: 'lunge', rating: 1, notes: 'slowly' })
  }
})

story('fields that this client does not know stay as they are', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Title', { from_a_newer_app: { a: [1, 2] } }))
  await client.sync()
  await client.patch('routine', id, { title: 'Here' })
  await client.sync()
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Here', favourite: false, from_a_newer_app: { a: [1, 2] } })
  await native.put('routine', id, { title: 'There', from_a_newer_app: { a: [3] } })
  client.net.offline = true
  await client.patch('routine', id, { title: 'Here again' })
  await client.sync()
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Here again', favourite: false, from_a_newer_app: { a: [3] } })
  assert.equal((await client.get('routine', id)).title, 'Here again')
  assert.deepEqual(client.errors.filter((error) => error.code !== 'RC_PULL' && error.code !== 'RC_PUSH'), [])
})

story('two people never see each other', async () => {
  const [mia, tom] = [await setting(), await setting()]
  const id = uuid()
  await mia.client.sync()
  await mia.client.of('routine').insert({ id, title: 'Mine' })
  await mia.client.sync()
  await tom.client.sync()
  assert.equal((await tom.client.all('routine')).size, 0)
  await tom.client.of('routine').insert({ id, title: 'The same id' })
  await tom.client.sync()
  await mia.client.sync()
  assert.equal((await mia.client.get('routine', id)).title, 'Mine')
  const { checkpoint } = (await raw(mia.account, 'routine/pull')).body
  const stolen = await raw(tom.account, `routine/pull?${new URLSearchParams(checkpoint)}`)
  assert.equal(stolen.status, 422)
})

long('while the app is open, what others do comes by itself', async () => {
  const { account, native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before', { notes: 'before' }))
  await client.sync()
  const { url: live } = await ask('live')
  const stop = listen({
    url: live,
    token: () => account.token,
    wake: () => client.replications.get('routine').reSync(),
    retryTime: 20,
  })
  const comes = async (what) => {
    for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((next) => setTimeout(next, 20))) {
      if (await what()) return
    }
    throw new Error('it never came')
  }
  try {
    await native.put('routine', id, { title: 'There' })
    await comes(async () => (await client.get('routine', id)).title === 'There')
    // Both sides at once: what the server makes of the push comes back by itself as well.
    await native.put('routine', id, { notes: 'theirs' })
    await client.patch('routine', id, { title: 'Here' })
    await comes(async () => (await client.get('routine', id)).notes === 'theirs')
    await comes(async () => (await native.sync(), native.get('routine', id).title === 'Here'))
    const { title, notes } = await client.get('routine', id)
    assert.deepEqual([title, notes], ['Here', 'theirs'])
  } finally {
    stop()
  }
})

// RxDB allows 16 open collections in a process.
await tell(async () => {
  for (const client of open.splice(0)) {
    client.net.offline = true
    await client.stop()
    await client.database.close()
  }
})

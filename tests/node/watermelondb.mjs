// WatermelonDB's own synchronize(), from npm, against our server: LokiJS in memory, as in a browser without IndexedDB.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'

import { limber, synced } from './limber-watermelondb.mjs'
import { Native, ask, head, long, network, newDevice, random, story, tell, url, uuid } from './stories.mjs'

const require = createRequire(import.meta.url)
const { Database, Model, appSchema, tableSchema, Q } = require('@nozbe/watermelondb')
const { addColumns, createTable, schemaMigrations } = require('@nozbe/watermelondb/Schema/migrations')
const LokiJSAdapter = require('@nozbe/watermelondb/adapters/lokijs').default
const { synchronize, hasUnsyncedChanges } = require('@nozbe/watermelondb/sync')
const { setGenerator } = require('@nozbe/watermelondb/utils/common/randomId')
require('@nozbe/watermelondb/utils/common/logger').default.silence()

setGenerator(uuid)

const text = (name) => ({ name, type: 'string', isOptional: true })
const number = (name) => ({ name, type: 'number', isOptional: true })
const yes = (name) => ({ name, type: 'boolean', isOptional: true })
const TABLES = {
  profile: [text('name'), text('level'), text('conditions_json'), text('pain_json')],
  routine: [text('title'), text('notes'), number('budget_s'), yes('favourite'), text('items_json')],
  exercise_pref: [number('rating'), yes('excluded'), text('notes')],
  feedback: [text('at'), text('about'), number('rating'), text('notes')],
}

class Client {
  constructor(account, { tables = TABLES, version = 1, migrations, adapter, ...options } = {}) {
    this.net = network()
    this.told = []
    const schema = appSchema({
      version,
      tables: Object.entries(tables).map(([name, columns]) => tableSchema({ name, columns })),
    })
    const loki = { schema, migrations, useWebWorker: false, useIncrementalIndexedDB: true }
    this.adapter = new LokiJSAdapter({ ...loki, extraLokiOptions: { autosave: false }, ...adapter })
    const modelClasses = Object.keys(tables).map((name) => class extends Model { static table = name })
    this.database = new Database({ adapter: this.adapter, modelClasses })
    this.options = limber({
      database: this.database,
      url,
      device: newDevice(),
      token: () => account.token,
      fetch: this.net.fetch,
      onRejected: (errors) => this.told.push(...errors),
      ...options,
    })
    this.log = {}
  }

  sync(more = {}) {
    return synced(() => {
      this.log = {}
      return synchronize({ log: this.log, ...this.options, ...more })
    })
  }

  write(work) {
    return this.database.write(work)
  }

  create(table, id, columns) {
    return this.write(() =>
      this.database.get(table).create((record) => {
        if (id) record._raw.id = id
        for (const [name, value] of Object.entries(columns)) record._setRaw(name, value)
      }),
    )
  }

  async update(table, id, columns) {
    const record = await this.database.get(table).find(id)
    await this.write(() =>
      record.update(() => {
        for (const [name, value] of Object.entries(columns)) record._setRaw(name, value)
      }),
    )
  }

  async remove(table, id) {
    const record = await this.database.get(table).find(id)
    await this.write(() => record.markAsDeleted())
  }

  async raws(table) {
    const records = await this.database.get(table).query().fetch()
    return new Map(records.map((record) => [record.id, { ...record._raw }]))
  }

  async raw(table, id) {
    return (await this.raws(table)).get(id)
  }

  unsynced() {
    return hasUnsyncedChanges({ database: this.database })
  }
}

async function setting(options) {
  const account = await ask('account')
  return { account, native: new Native(account), client: new Client(account, options) }
}

const routine = (title, more = {}) => ({ title, favourite: false, ...more })

story('the first sync of an empty account gives a timestamp above 0, and the next one nothing', async () => {
  const { client } = await setting()
  await client.sync()
  const first = client.log.newLastPulledAt
  assert.ok(Number.isSafeInteger(first) && first > 0)
  await client.sync()
  assert.equal(client.log.lastPulledAt, first)
  assert.equal(client.log.newLastPulledAt, first)
  assert.equal(client.log.remoteChangeCount, 0)
})

story('the first sync brings all that the account has', async () => {
  const { native, client } = await setting()
  const [one, two] = [uuid(), uuid()]
  await native.sync(
    native.patch('routine', one, routine('Morning', { items: [{ slug: 'calf-raise', sets: 2 }] })),
    native.patch('routine', two, routine('Evening')),
    native.patch('exercise_pref', 'calf-raise', { rating: 1 }),
    native.patch('routine', two, null),
  )
  await client.sync()
  assert.deepEqual([...(await client.raws('routine')).keys()], [one])
  const raw = await client.raw('routine', one)
  assert.equal(raw.title, 'Morning')
  assert.equal(raw.favourite, false)
  assert.deepEqual(JSON.parse(raw.items_json), [{ slug: 'calf-raise', sets: 2 }])
  assert.equal(raw._status, 'synced')
  assert.equal((await client.raw('exercise_pref', 'calf-raise')).rating, 1)
})

story('what is made here appears on a native device, and back', async () => {
  const { native, client } = await setting()
  await client.sync()
  const items = [{ slug: 'calf-raise', sets: 3 }]
  await client.create('routine', null, { title: 'Mine', items_json: JSON.stringify(items) })
  await client.create('profile', 'me', { level: 'trained', conditions_json: '["achilles_tendinopathy"]' })
  await client.sync()
  assert.equal(await client.unsynced(), false)
  await native.sync()
  const [id] = native.ids('routine')
  assert.deepEqual(native.get('routine', id), { title: 'Mine', items })
  assert.deepEqual(native.get('profile', 'me'), { level: 'trained', conditions: ['achilles_tendinopathy'] })
  await native.put('profile', 'me', { conditions: ['achilles_tendinopathy', 'low_back_pain'], name: 'Mia' })
  await client.sync()
  const me = await client.raw('profile', 'me')
  assert.deepEqual(JSON.parse(me.conditions_json), ['achilles_tendinopathy', 'low_back_pain'])
  assert.equal(me.name, 'Mia')
})

story('edits of different columns on both sides are both kept', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before', { notes: 'before' }))
  await client.sync()
  await client.update('routine', id, { notes: 'typed here' })
  await native.put('routine', id, { title: 'Typed there' })
  await client.sync()
  await native.sync()
  const raw = await client.raw('routine', id)
  assert.deepEqual([raw.title, raw.notes], ['Typed there', 'typed here'])
  assert.deepEqual(native.get('routine', id), { title: 'Typed there', notes: 'typed here', favourite: false })
})

story('an edit of the same column on both sides ends the same everywhere', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  await client.update('routine', id, { title: 'Here' })
  await native.put('routine', id, { title: 'There' })
  await client.sync()
  await native.sync()
  // WatermelonDB puts its own change on top of what it pulls, and so has seen the other one.
  assert.equal((await client.raw('routine', id)).title, 'Here')
  assert.equal(native.get('routine', id).title, 'Here')
})

story('a column that was not changed here does not win against a newer value', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before', { notes: 'before' }))
  await client.sync()
  await client.update('routine', id, { title: 'Here' })
  // The change comes between this client's pull and its push, which holds the old notes in full.
  const pushChanges = async (given) => {
    if (!client.raced) {
      client.raced = true
      await native.put('routine', id, { notes: 'newer' })
    }
    return client.options.pushChanges(given)
  }
  await client.sync({ pushChanges })
  assert.deepEqual(client.net.requests.map((each) => each.status), [200, 200, 409, 200, 200])
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Here', notes: 'newer', favourite: false })
  assert.equal((await client.raw('routine', id)).notes, 'newer')
})

story('a column that is emptied here is empty everywhere', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Title', { notes: 'some', items: [{ slug: 'calf-raise' }] }))
  await client.sync()
  await client.update('routine', id, { notes: null, items_json: null })
  await client.sync()
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Title', favourite: false, notes: null, items: null })
  await native.put('routine', id, { title: null, items: [{ slug: 'lunge' }] })
  await client.sync()
  const raw = await client.raw('routine', id)
  assert.deepEqual([raw.title, raw.items_json], [null, '[{"slug":"lunge"}]'])
  await native.put('routine', id, { items: null })
  await client.sync()
  assert.equal((await client.raw('routine', id)).items_json, null)
})

story('deleted elsewhere, edited here: gone everywhere, as WatermelonDB has it', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  await client.update('routine', id, { title: 'Here' })
  await native.put('routine', id, null)
  await client.sync()
  await native.sync()
  assert.equal(await client.raw('routine', id), undefined)
  assert.equal(native.get('routine', id), undefined)
  assert.equal(await client.unsynced(), false)
})

story('deleted here, edited elsewhere: gone everywhere', async () => {
  const { native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  await client.remove('routine', id)
  await native.put('routine', id, { title: 'There' })
  await client.sync()
  await native.sync()
  assert.equal(native.get('routine', id), undefined)
  assert.equal(await client.unsynced(), false)
  await client.sync()
  assert.equal(await client.raw('routine', id), undefined)
})

story('deleted on both sides, and deleting what nobody knows, is fine', async () => {
  const { account, native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Before'))
  await client.sync()
  await client.remove('routine', id)
  await native.put('routine', id, null)
  const { pullChanges, pushChanges } = client.options
  await client.sync()
  const before = await head(account)
  const { timestamp } = await pullChanges({ lastPulledAt: null, schemaVersion: 1, migration: null })
  const changes = { routine: { created: [], updated: [], deleted: [id, uuid()] } }
  assert.deepEqual(await pushChanges({ changes, lastPulledAt: timestamp }), { experimentalRejectedIds: {} })
  assert.equal(await head(account), before)
})

story('a push whose answer was lost is accepted again and moves nothing', async () => {
  const { account, native, client } = await setting()
  await client.sync()
  await native.put('exercise_pref', 'lunge', { rating: 1 })
  await client.sync()
  await client.create('routine', null, { title: 'Mine', items_json: '[{"slug":"lunge","sets":2}]' })
  await client.create('feedback', null, { at: '2026-01-09T18:27:59Z', about: 'app', notes: 'fine' })
  await client.update('exercise_pref', 'lunge', { rating: -1 })
  client.net.lose('POST')
  await assert.rejects(client.sync(), /lost the answer/)
  assert.equal(await client.unsynced(), true)
  const before = await head(account)
  await client.sync()
  assert.equal(await client.unsynced(), false)
  assert.equal(await head(account), before)
  assert.equal((await client.raws('routine')).size, 1)
  await native.sync()
  assert.equal(native.ids('feedback').length, 1)
})

story('the same push twice over the wire moves nothing the second time', async () => {
  const { account, client } = await setting()
  await client.sync()
  await client.create('routine', null, { title: 'Mine' })
  const twice = async (given) => {
    await client.options.pushChanges(given)
    const before = await head(account)
    const answer = await client.options.pushChanges(given)
    assert.equal(await head(account), before)
    return answer
  }
  await client.sync({ pushChanges: twice })
  assert.equal(await client.unsynced(), false)
})

story('what is typed after an answer was lost is kept', async () => {
  const { native, client } = await setting()
  await client.sync()
  const { id } = await client.create('routine', null, { title: 'First', notes: 'first' })
  client.net.lose('POST')
  await assert.rejects(client.sync(), /lost the answer/)
  await client.update('routine', id, { title: 'Second', notes: null })
  await client.sync()
  await client.sync()
  await native.sync()
  assert.deepEqual(native.get('routine', id), { title: 'Second', notes: null })
  const { title, notes } = await client.raw('routine', id)
  assert.deepEqual([title, notes], ['Second', null])
})

story('a request that was lost loses nothing', async () => {
  const { native, client } = await setting()
  await client.sync()
  const { id } = await client.create('routine', null, { title: 'Mine' })
  client.net.lose('POST', 'request')
  await assert.rejects(client.sync(), /lost the request/)
  client.net.lose('GET')
  await assert.rejects(client.sync(), /lost the answer/)
  await client.sync()
  await native.sync()
  assert.equal(native.get('routine', id).title, 'Mine')
})

story('a client that was away longer than deletions are remembered replaces its copy and keeps what is unsent', async () => {
  const { account, native, client } = await setting()
  const [gone, kept, late] = [uuid(), uuid(), uuid()]
  await native.sync(
    native.patch('routine', gone, routine('Gone')),
    native.patch('routine', kept, routine('Kept')),
    native.patch('exercise_pref', 'lunge', { rating: 1 }),
  )
  await client.sync()
  await client.update('routine', kept, { notes: 'typed here' })
  await client.create('routine', late, { title: 'Late' })
  await native.sync(native.patch('routine', gone, null), native.patch('exercise_pref', 'lunge', null))
  await native.put('routine', kept, { title: 'Kept, edited' })
  await ask('prune', { account: account.id })
  await client.sync()
  assert.deepEqual([...(await client.raws('routine')).keys()].sort(), [kept, late].sort())
  assert.equal((await client.raws('exercise_pref')).size, 0) // also a table of which nothing is left
  await native.sync()
  assert.deepEqual(native.ids('routine'), [kept, late].sort())
  assert.deepEqual(native.get('routine', kept), { title: 'Kept, edited', notes: 'typed here', favourite: false })
  assert.equal(await client.unsynced(), false)
})

story('a push that stands before what was forgotten is sent back to pull first', async () => {
  const { account, native, client } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Gone'))
  await client.sync()
  const pushChanges = async (given) => {
    if (!client.raced) {
      client.raced = true
      await native.put('routine', id, null)
      await ask('prune', { account: account.id })
    }
    return client.options.pushChanges(given)
  }
  await client.update('routine', id, { title: 'Here' })
  await client.create('routine', null, { title: 'Mine' })
  await client.sync({ pushChanges })
  assert.deepEqual(client.net.requests.map((each) => each.status), [200, 200, 409, 200, 200])
  await native.sync()
  assert.deepEqual([...native.copy.values()].map((each) => each.title), ['Mine'])
  assert.equal((await client.raws('routine')).size, 1)
})

story('a server that was restored from a backup gets back what it had accepted from here', async () => {
  const { account, native, client } = await setting()
  const [old, mine] = [uuid(), uuid()]
  await native.sync(native.patch('routine', old, routine('Old')), native.patch('routine', mine, routine('Backed up')))
  await client.sync()
  await client.update('routine', mine, { title: 'After the backup' })
  const { id: lost } = await client.create('routine', null, { title: 'Lost', items_json: '[{"slug":"lunge","sets":2}]' })
  await client.sync()
  const { id: unsent } = await client.create('routine', null, { title: 'Unsent' })
  await ask('restore', { account: account.id, collection: 'routine', forgotten: [lost], titles: { [mine]: 'Backed up' } })
  await client.sync()
  await native.sync()
  assert.deepEqual(native.ids('routine'), [old, mine, lost, unsent].sort())
  assert.equal(native.get('routine', mine).title, 'After the backup')
  assert.deepEqual(native.get('routine', lost), { title: 'Lost', items: [{ slug: 'lunge', sets: 2 }] })
  assert.equal(await client.unsynced(), false)
  const before = await head(account)
  await client.sync()
  assert.equal(await head(account), before)
})

story('without the code that offers again the client ends as the restored server, with what is unsent', async () => {
  const { account, native, client } = await setting()
  const [lost, kept] = [uuid(), uuid()]
  await native.put('routine', kept, routine('Kept'))
  await native.put('routine', lost, routine('After the backup'))
  await client.sync()
  await client.create('routine', null, { title: 'Mine' })
  await ask('restore', { account: account.id, collection: 'routine', forgotten: [lost] })
  const pullChanges = async (given) => {
    const found = await fetch(`${url}/v1/adapters/watermelondb?last_pulled_at=${given.lastPulledAt}`, {
      headers: { Authorization: `Bearer ${account.token}` },
    })
    return found.json()
  }
  await client.sync({ pullChanges })
  const titles = [...(await client.raws('routine')).values()].map((each) => each.title).sort()
  assert.deepEqual(titles, ['Kept', 'Mine'])
  await native.sync()
  assert.equal(native.ids('routine').length, 2)
})

long('ten thousand records come in one pull, and then only what is new', async () => {
  const { native, client } = await setting()
  const ids = Array.from({ length: 10_000 }, uuid)
  await native.sync(...ids.map((id, place) => native.patch('routine', id, routine(`Routine ${place}`))))
  await client.sync()
  assert.equal((await client.raws('routine')).size, 10_000)
  await native.sync(...ids.slice(0, 10).map((id) => native.patch('routine', id, { title: 'New' })))
  await client.sync()
  assert.equal(client.log.remoteChangeCount, 10)
})

long('a push larger than a request goes in parts', async () => {
  const { native, client } = await setting()
  await client.sync()
  const notes = 'n'.repeat(3_500)
  await client.write(() =>
    client.database.batch(
      Array.from({ length: 500 }, (_, place) =>
        client.database.get('routine').prepareCreate((record) => {
          record._setRaw('title', `Routine ${place}`)
          record._setRaw('notes', notes)
        }),
      ),
    ),
  )
  await client.sync()
  const posts = client.net.requests.filter((each) => each.method === 'POST')
  assert.ok(posts.length > 3 && posts.every((each) => each.status === 200))
  assert.equal(await client.unsynced(), false)
  await native.sync()
  assert.equal(native.ids('routine').length, 500)
})

story('a record that is rejected does not stop the others, and is named', async () => {
  const { native, client } = await setting()
  await client.sync()
  const at = '2026-01-09T18:27:59Z'
  const { id: bad } = await client.create('feedback', null, { at, about: 'the weather' })
  const { id: good } = await client.create('feedback', null, { at, about: 'app' })
  const { id: broken } = await client.create('routine', null, { title: 'Mine', items_json: '[{' })
  await client.create('exercise_pref', 'lunge', { rating: 1 })
  await client.sync()
  assert.deepEqual(client.log.rejectedIds, { routine: [broken], feedback: [bad] })
  assert.deepEqual(
    client.told.map(({ table, id, code, field }) => ({ table, id, code, field })).sort((a, b) => (a.table < b.table ? -1 : 1)),
    [
      { table: 'feedback', id: bad, code: 'invalid', field: 'about' },
      { table: 'routine', id: broken, code: 'invalid', field: 'items' },
    ],
  )
  assert.equal((await client.raw('feedback', bad))._status, 'created')
  assert.equal((await client.raw('feedback', good))._status, 'synced')
  await native.sync()
  assert.deepEqual([...native.copy.keys()].sort(), ['exercise_pref/lunge', `feedback/${good}`].sort())
  // Put right, they go through.
  await client.update('feedback', bad, { about: 'session' })
  await client.update('routine', broken, { items_json: '[]' })
  await client.sync()
  assert.equal(await client.unsynced(), false)
})

story('what is written once stays as it was, and says so', async () => {
  const { account, native, client } = await setting()
  const id = uuid()
  await native.put('feedback', id, { at: '2026-01-09T18:27:59Z', about: 'app', notes: 'fine' })
  await client.sync()
  await client.update('feedback', id, { notes: 'not so fine' })
  const before = await head(account)
  await client.sync()
  assert.deepEqual(client.log.rejectedIds, { feedback: [id] })
  assert.equal(client.told[0].code, 'append_only')
  assert.equal(await head(account), before)
})

story('two clients that edit, create and delete end the same, and as the server', async () => {
  const { account, native, client } = await setting()
  const other = new Client(account)
  const next = random(20260109)
  const ids = Array.from({ length: 12 }, uuid)
  await native.sync(...ids.map((id, place) => native.patch('routine', id, routine(`Routine ${place}`))))
  for (let round = 0; round < 25; round += 1) {
    for (const each of [client, other]) {
      if (next(3) === 0) await each.sync().catch((error) => assert.match(error.message, /lost the answer/))
      const there = [...(await each.raws('routine')).keys()].sort()
      const id = there[next(there.length || 1)]
      const what = next(5)
      if (what === 0 || !id) await each.create('routine', null, { title: `New ${round}` })
      else if (what === 1 && there.length > 4) await each.remove('routine', id)
      else if (what === 2) await each.update('routine', id, { title: `Title ${next(1000)}` })
      else await each.update('routine', id, { notes: `Notes ${next(1000)}`, budget_s: next(1000) + 1 })
      if (next(6) === 0) each.net.lose('POST')
      if (next(2) === 0) await each.sync().catch((error) => assert.match(error.message, /lost the answer/))
    }
  }
  for (const each of [client, other, client, other]) {
    each.net.lost = null
    await each.sync()
  }
  await native.sync()
  const plain = async (each) =>
    new Map([...(await each.raws('routine'))].map(([id, { title, notes, budget_s }]) => [id, [title, notes, budget_s]]))
  const [one, two] = [await plain(client), await plain(other)]
  const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  assert.deepEqual(sorted(one), sorted(two))
  const served = new Map(
    native.ids('routine').map((id) => {
      const { title, notes = null, budget_s = null } = native.get('routine', id)
      return [id, [title, notes, budget_s]]
    }),
  )
  assert.deepEqual(sorted(one), sorted(served))
  assert.equal(await client.unsynced(), false)
})

story('two clients that make the same record end with both halves of it', async () => {
  const { account, client } = await setting()
  const other = new Client(account)
  await client.sync()
  await other.sync()
  await client.create('exercise_pref', 'lunge', { rating: 1 })
  await other.create('exercise_pref', 'lunge', { notes: 'slowly' })
  for (const each of [client, other, client]) await each.sync()
  for (const each of [client, other]) {
    const { rating, notes, _status } = await each.raw('exercise_pref', 'lunge')
    assert.deepEqual([rating, notes, _status], [1, 'slowly', 'synced'])
  }
})

story('a table and a column that come with a new version of the app are filled', async () => {
  const { account, native } = await setting()
  const id = uuid()
  await native.put('routine', id, routine('Title', { notes: 'some' }))
  await native.put('exercise_pref', 'lunge', { rating: 1 })
  const old = { routine: [text('title')] }
  const client = new Client(account, { tables: old })
  await client.sync()
  const grown = { routine: [text('title'), text('notes')], exercise_pref: TABLES.exercise_pref }
  const migrations = schemaMigrations({
    migrations: [
      {
        toVersion: 2,
        steps: [
          addColumns({ table: 'routine', columns: [text('notes')] }),
          createTable({ name: 'exercise_pref', columns: TABLES.exercise_pref }),
        ],
      },
    ],
  })
  await new Promise((resolve) => client.adapter._driver.loki.saveDatabase(resolve))
  const adapter = { _testLokiAdapter: client.adapter._driver.loki.persistenceAdapter }
  const updated = new Client(account, { tables: grown, version: 2, migrations, adapter })
  assert.equal((await updated.raw('routine', id)).notes, null)
  await updated.sync({ migrationsEnabledAtVersion: 1 })
  assert.equal((await updated.raw('routine', id)).notes, 'some')
  assert.equal((await updated.raw('exercise_pref', 'lunge')).rating, 1)
})

story('two people never see each other', async () => {
  const [mia, tom] = [await setting(), await setting()]
  await mia.client.sync()
  const { id } = await mia.client.create('routine', null, { title: 'Mine' })
  await mia.client.sync()
  await tom.client.sync()
  assert.equal((await tom.client.raws('routine')).size, 0)
  await tom.client.create('routine', id, { title: 'The same id' })
  await tom.client.sync()
  await mia.client.sync()
  assert.equal((await mia.client.raw('routine', id)).title, 'Mine')
})

await tell()

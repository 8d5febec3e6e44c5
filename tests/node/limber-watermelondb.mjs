// Limber for WatermelonDB's synchronize(). docs/adapters.md holds this very file, to copy into an app.

const LARGEST = 400_000 // characters of one request, well below what a server accepts

// url: of the server; token: gives an access token; device: 16 hex digits, random per installation
export function limber({ database, url, token, device, onRejected = () => {}, fetch = globalThis.fetch }) {
  const tables = Object.keys(database.collections.map)

  async function ask(query, body) {
    const response = await fetch(`${url}/v1/adapters/watermelondb?${new URLSearchParams(query)}`, {
      method: body ? 'POST' : 'GET',
      headers: { Authorization: `Bearer ${await token()}`, 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status, answer })
    return answer
  }

  return {
    database,
    sendCreatedAsUpdated: true,

    async pullChanges({ lastPulledAt, schemaVersion, migration }) {
      const answer = await ask({
        last_pulled_at: lastPulledAt ?? 0,
        schema_version: schemaVersion,
        migration: JSON.stringify(migration ?? null),
        tables: tables.join(','),
      })
      // The server was restored from a backup, and may lack what it had accepted from here since.
      if (answer.resync && answer.resync !== 'pruned') await offerAgain(database, answer.changes)
      return answer
    },

    async pushChanges({ changes, lastPulledAt }) {
      const rejected = {}
      for (const part of inParts(changes)) {
        const answer = await ask({ last_pulled_at: lastPulledAt, device }, { changes: part })
        for (const [table, ids] of Object.entries(answer.experimentalRejectedIds ?? {})) {
          rejected[table] = [...(rejected[table] ?? []), ...ids]
        }
        if (answer.errors) onRejected(answer.errors)
      }
      return { experimentalRejectedIds: rejected }
    },
  }
}

function* inParts(changes) {
  let part = {}
  let size = 0
  for (const [table, sets] of Object.entries(changes)) {
    for (const [kind, rows] of Object.entries(sets)) {
      for (const row of rows) {
        const length = JSON.stringify(row).length
        if (size > 0 && size + length > LARGEST) {
          yield part
          part = {}
          size = 0
        }
        part[table] ??= { created: [], updated: [], deleted: [] }
        part[table][kind].push(row)
        size += length
      }
    }
  }
  if (size > 0) yield part
}

// Marks as not yet pushed what the server does not have, or has otherwise.
async function offerAgain(database, changes) {
  await database.write(async () => {
    const offers = []
    for (const [table, { updated }] of Object.entries(changes)) {
      const there = new Map(updated.map((raw) => [raw.id, raw]))
      for (const record of await database.get(table).query().fetch()) {
        const { _raw: here } = record
        const remote = there.get(record.id)
        const differs = (name) => (here[name] || remote[name] != null) && here[name] !== (remote[name] ?? null)
        const changed = remote ? Object.keys(record.collection.schema.columns).filter(differs) : []
        if (here._status !== 'synced' || (remote && changed.length === 0)) continue
        const status = { _status: remote ? 'updated' : 'created', _changed: changed.join(',') }
        offers.push(record.prepareUpdate(() => Object.assign(record._raw, status)))
      }
    }
    await database.batch(offers)
  })
}

// A record has changed between the pull and the push of one synchronize(): pull it, merge, push again.
export async function synced(synchronize) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await synchronize()
    } catch (error) {
      if (error.status !== 409 || attempt === 5) throw error
    }
  }
}

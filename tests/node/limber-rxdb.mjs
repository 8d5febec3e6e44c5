// Limber for RxDB's replicateRxCollection(). docs/adapters.md holds this very file, to copy into an app.

import { deepEqual, defaultConflictHandler } from 'rxdb'

const LARGEST = 400_000 // characters of one request, well below what a server accepts

// url: of the server; token: gives an access token; device: 16 hex digits, random per installation
export function limber({ collection, url, token, device, onRejected = () => {}, onRestored, fetch = globalThis.fetch }) {
  async function ask(what, query, body) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined)
    const endpoint = `${url}/v1/adapters/rxdb/${collection.name}/${what}?${new URLSearchParams(given)}`
    const response = await fetch(endpoint, {
      method: body ? 'POST' : 'GET',
      headers: { Authorization: `Bearer ${await token()}`, 'Content-Type': 'application/json' },
      body: body && JSON.stringify(body),
    })
    const answer = await response.json()
    if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status, answer })
    return answer
  }

  // A newer app may have given a document fields that this one's schema does not know. They stay as they are.
  const properties = collection.schema.jsonSchema.properties
  const known = (document) => Object.fromEntries(Object.entries(document).filter(([name]) => name in properties))

  async function page(checkpoint, limit) {
    const answer = await ask('pull', { id: checkpoint?.id, rev: checkpoint?.rev, limit })
    return { ...answer, documents: answer.documents.map(known) }
  }

  // The checkpoint is too old to be continued: this is everything that there is, and what is not in it is gone. RxDB
  // itself leaves alone what it has not pushed yet.
  async function everything(first, limit) {
    const documents = [...first.documents]
    let last = first
    while (last.documents.length >= limit) {
      last = await page(last.checkpoint, limit)
      documents.push(...last.documents)
    }
    const there = new Set(documents.map((document) => document.id))
    const here = await collection.find().exec()
    const gone = here.filter((document) => !there.has(document.id))
    documents.push(...gone.map((document) => ({ ...document.toJSON(), _deleted: true })))
    return { documents, checkpoint: last.checkpoint }
  }

  return {
    collection,
    replicationIdentifier: `${url}/${collection.name}`,
    pull: {
      batchSize: 200,
      async handler(checkpoint, limit) {
        const answer = await page(checkpoint, limit)
        if (!answer.resync) return answer
        if (answer.resync === 'pruned' || !onRestored) return everything(answer, limit)
        onRestored()
        return { documents: [], checkpoint }
      },
    },
    push: {
      batchSize: 100,
      async handler(rows) {
        const conflicts = []
        for (const part of inParts(rows)) {
          const answer = await ask('push', { device, rejected: 'list' }, part)
          conflicts.push(...answer.conflicts.map(known))
          for (const error of answer.rejected) {
            const { newDocumentState } = part.find((row) => row.newDocumentState.id === error.id)
            refused.add(newDocumentState)
            // The server's document is about to take its place: keep this one somewhere if it is worth it.
            onRejected(error, newDocumentState)
          }
        }
        return conflicts
      },
    },
  }
}

// Starts a replication that begins anew when the server was restored from a backup: what is here is then pushed again, and
// what the server had accepted since the backup comes back to it.
export function replicate(replicateRxCollection, options, onStart = () => {}) {
  const replication = replicateRxCollection(
    limber({ ...options, onRestored: () => replication.remove().then(() => replicate(replicateRxCollection, options, onStart)) }),
  )
  onStart(replication)
}

const refused = new WeakSet()

// For addCollections(): each field on its own, and an edit is worth more than a deletion. Without it RxDB drops what was
// changed here whenever the same field was changed elsewhere.
export const conflictHandler = {
  ...defaultConflictHandler,
  resolve({ newDocumentState: mine, assumedMasterState: base, realMasterState: theirs }) {
    if (refused.has(mine) || mine._deleted) return theirs
    if (theirs._deleted) return mine
    const merged = { ...theirs }
    for (const name of Object.keys({ ...base, ...mine })) {
      if (name.startsWith('_') || deepEqual(mine[name], base?.[name])) continue
      if (name in mine) merged[name] = mine[name]
      else delete merged[name]
    }
    return merged
  },
}

// Calls `wake` when something is new, for as long as the app is open: replication.reSync(). One is enough for all
// collections. url: what the server calls `live`. Returns how to stop it. Without it, call reSync() every few minutes.
export function listen({ url, token, wake, retryTime = 5_000, fetch = globalThis.fetch }) {
  const stopped = new AbortController()
  const { signal } = stopped
  const follow = async () => {
    const headers = { Authorization: `Bearer ${await token()}` }
    const { ok, body } = await fetch(`${url}/v1/adapters/rxdb/routine/pullStream`, { headers, signal })
    if (!ok) return
    wake() // whatever was said before
    let rest = ''
    for await (const text of body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split('\n')
      rest = lines.pop()
      if (lines.includes('data: "RESYNC"')) wake()
    }
  }
  const again = () => signal.aborted || follow().catch(() => {}).then(() => setTimeout(again, retryTime))
  again()
  return () => stopped.abort()
}

function* inParts(rows) {
  let part = []
  let size = 0
  for (const row of rows) {
    const length = JSON.stringify(row).length
    if (part.length > 0 && size + length > LARGEST) {
      yield part
      part = []
      size = 0
    }
    part.push(row)
    size += length
  }
  if (part.length > 0) yield part
}

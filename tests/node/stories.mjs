// What the adapters' stories share: they run one after another, ask the Python side for what only it can do (over stdin
// and stdout, one JSON line each way), and report each by its name.

import { randomBytes, randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'

export const url = process.argv[2]
const MARK = '@limber '

const write = (value) => process.stdout.write(`${MARK}${JSON.stringify(value)}\n`)
console.log = console.info = console.warn = console.error // stdout is for the lines above only

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

// Something that only the Python side can do: an account, pruning, a new epoch.
export async function ask(what, given = {}) {
  write({ ask: what, ...given })
  const { value } = await lines.next()
  const answer = JSON.parse(value)
  if (answer.error) throw new Error(answer.error)
  return answer
}

const stories = []
const tells = (which) => (name, run) => (process.argv[3] ?? which) === which && stories.push([name, run])
export const story = tells('story')
export const long = tells('long')

// `clean` runs after each story.
export async function tell(clean = () => {}) {
  for (const [name, run] of stories) {
    const began = performance.now()
    let error = null
    try {
      await run()
    } catch (thrown) {
      error = thrown?.stack ?? String(thrown)
    }
    await clean()
    write({ story: name, error, ms: Math.round(performance.now() - began) })
  }
  process.exit(0)
}

export const uuid = () => randomUUID()
export const newDevice = () => randomBytes(8).toString('hex')

// The same numbers on every run.
export function random(seed) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

// fetch() over a network that can be told to lose the answer to the next request, or the request itself.
export function network() {
  const net = {
    requests: [],
    lost: null,
    offline: false, // true, or the method of the requests that do not get through
    lose(method, what = 'answer') {
      net.lost = { method, what }
    },
    async fetch(input, init = {}) {
      const method = init.method ?? 'GET'
      if (net.offline === true || net.offline === method) throw new TypeError('there is no network')
      const losing = net.lost?.method === method ? net.lost.what : null
      if (losing) net.lost = null
      if (losing === 'request') throw new TypeError('the network lost the request')
      const response = await globalThis.fetch(input, init)
      net.requests.push({ method, url: String(input), status: response.status, sent: init.body?.length ?? 0 })
      if (losing === 'answer') {
        await response.arrayBuffer()
        throw new TypeError('the network lost the answer')
      }
      return response
    },
  }
  return net
}

// A device that speaks POST /v1/sync, in its simplest form.
export class Native {
  constructor(account, device = newDevice()) {
    this.account = account
    this.device = device
    this.cursor = null
    this.copy = new Map()
    this.last = ['', 0]
  }

  patch(collection, id, set) {
    const ms = Date.now().toString(16).padStart(12, '0')
    this.last = ms === this.last[0] ? [ms, this.last[1] + 1] : [ms, 0]
    const hlc = `${ms}-${this.last[1].toString(16).padStart(4, '0')}-${this.device}`
    return set === null ? { collection, id, delete: true, hlc } : { collection, id, set, hlc }
  }

  async sync(...patches) {
    const results = []
    for (let more = true, first = true; more || first; first = false) {
      const sent = patches.splice(0, 500)
      const response = await fetch(`${url}/v1/sync`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${this.account.token}`, 'Content-Type': 'application/json' },
        body: JSON.stringify({ device: this.device, protocol: 1, cursors: { account: this.cursor }, patches: sent }),
      })
      const answer = await response.json()
      if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(answer)}`)
      const refused = answer.results.filter((result) => result.error)
      if (refused.length) throw new Error(`the native device was refused: ${JSON.stringify(refused)}`)
      results.push(...answer.results)
      const { changes, cursor, resync } = answer.account
      if (resync) this.copy.clear()
      // What it pushed itself does not come back.
      for (const { collection, id, set } of sent) {
        if (set) this.copy.set(`${collection}/${id}`, { ...this.copy.get(`${collection}/${id}`), ...set })
        else this.copy.delete(`${collection}/${id}`)
      }
      for (const { collection, id, deleted, data } of changes) {
        if (deleted) this.copy.delete(`${collection}/${id}`)
        else this.copy.set(`${collection}/${id}`, data)
      }
      this.cursor = cursor
      more = answer.account.more || patches.length > 0
    }
    return results
  }

  async put(collection, id, set) {
    await this.sync(this.patch(collection, id, set))
  }

  get(collection, id) {
    return this.copy.get(`${collection}/${id}`)
  }

  ids(collection) {
    const names = [...this.copy.keys()].filter((key) => key.startsWith(`${collection}/`))
    return names.map((key) => key.slice(collection.length + 1)).sort()
  }
}

// Where the account's stream stands: a push that moves nothing leaves it there.
export async function head(account) {
  return (await ask('head', { account: account.id })).seq
}

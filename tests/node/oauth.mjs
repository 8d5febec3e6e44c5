// What the OAuth scripts share: the person's browser, and the stories they tell (one JSON line each).

const [url, cookie] = process.argv.slice(2)

export const server = url.replace(/\/$/, '')

/** The person's browser goes to `address` and comes back with where it is sent to, after their click if it takes one. */
export async function browse(address) {
  const headers = { cookie }
  let answer = await fetch(address, { headers, redirect: 'manual' })
  if (answer.status === 200) {
    const page = (await answer.text()).split('<main')[1]
    const [, action, csrf] = page.match(/<form method="post" action="([^"]+)">[^]*?name="csrf" value="([^"]+)"/)
    const body = new URLSearchParams({ csrf, decision: 'allow' })
    const typed = page.match(/name="user_code" value="([^"]+)"/)
    if (typed) body.set('user_code', typed[1])
    const to = new URL(action.replaceAll('&amp;', '&'), server)
    answer = await fetch(to, { method: 'POST', headers, body, redirect: 'manual' })
  }
  return answer.headers.get('location') && new URL(answer.headers.get('location'), server)
}

/** Runs one story after the other and tells of each; a failed one makes the exit code 1. */
export async function tell(stories) {
  for (const [name, story] of Object.entries(stories)) {
    try {
      await story()
      console.log(JSON.stringify({ story: name, ok: true }))
    } catch (error) {
      process.exitCode = 1
      console.log(JSON.stringify({ story: name, ok: false, error: String(error?.stack ?? error), cause: String(error?.cause?.error ?? error?.cause ?? '') }))
    }
  }
}

/** The OAuth error code that `promise` fails with. */
export async function refused(promise) {
  try {
    await promise
  } catch (error) {
    return error.error ?? error.cause?.error ?? error.code ?? String(error)
  }
  return 'nothing'
}

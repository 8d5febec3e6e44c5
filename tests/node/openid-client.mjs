// npm openid-client against our server: `node openid-client.mjs URL COOKIE CLIENT_ID CLIENT_SECRET`.

import assert from 'node:assert/strict'
import * as client from 'openid-client'

import { browse, refused, server, tell } from './oauth.mjs'

const [, , , , id, secret] = process.argv
const options = { execute: [client.allowInsecureRequests] }
const loopback = 'http://127.0.0.1:51999/callback'
const remote = 'https://stretchr.example/cb'

async function signIn(config, redirect_uri, scope, extra = {}) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const expectedNonce = client.randomNonce()
  const request = client.buildAuthorizationUrl(config, {
    redirect_uri,
    scope,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...extra,
  })
  const back = await browse(request)
  return [back, { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }]
}

const mixedUp = (error) => /"iss"/.test(error.cause?.message)

const app = await client.discovery(new URL(server), 'limber-app', undefined, client.None(), options)

await tell({
  async 'discovery by RFC 8414'() {
    const found = await client.discovery(new URL(server), 'limber-app', undefined, client.None(), { ...options, algorithm: 'oauth2' })
    assert.equal(found.serverMetadata().issuer, server)
    assert(found.serverMetadata().supportsPKCE('S256'))
  },
  async 'a native app on loopback: code, ID token, userinfo, refresh, reuse, end'() {
    const [back, checks] = await signIn(app, loopback, 'openid profile offline_access sync')
    assert.equal(back.port, '51999')
    const first = await client.authorizationCodeGrant(app, back, checks)
    const claims = first.claims()
    assert.equal(claims.iss, server)
    assert.deepEqual(claims.amr, ['pwd'])
    assert(claims.at_hash)
    const info = await client.fetchUserInfo(app, first.access_token, claims.sub)
    assert.equal(info.name, 'Mia')
    const second = await client.refreshTokenGrant(app, first.refresh_token)
    assert.notEqual(second.refresh_token, first.refresh_token)
    assert.equal(second.claims().sub, claims.sub)
    assert.equal(await refused(client.refreshTokenGrant(app, first.refresh_token)), 'invalid_grant')
    assert.equal(await refused(client.refreshTokenGrant(app, second.refresh_token)), 'invalid_grant')
  },
  async 'max_age and auth_time'() {
    const [back, checks] = await signIn(app, `${server}/auth`, 'openid sync', { max_age: '3600' })
    const given = await client.authorizationCodeGrant(app, back, { ...checks, maxAge: 3600 })
    assert(given.claims().auth_time > 0)
  },
  async 'an app of its own scheme'() {
    const [back, checks] = await signIn(app, 'limber://auth', 'openid sync')
    assert.equal(back.protocol, 'limber:')
    assert((await client.authorizationCodeGrant(app, back, checks)).access_token)
  },
  async 'a confidential client, with its secret in the header and in the body'() {
    for (const way of [client.ClientSecretBasic, client.ClientSecretPost]) {
      const config = await client.discovery(new URL(server), id, undefined, way(secret), options)
      const [back, checks] = await signIn(config, remote, 'openid email offline_access sync')
      const given = await client.authorizationCodeGrant(config, back, checks)
      assert((await client.refreshTokenGrant(config, given.refresh_token)).access_token)
      const told = await client.tokenIntrospection(config, given.access_token)
      assert.equal(told.active, true)
      await client.tokenRevocation(config, given.access_token)
      assert.equal((await client.tokenIntrospection(config, given.access_token)).active, false)
    }
  },
  async 'the device flow'() {
    const cli = await client.discovery(new URL(server), 'limber-cli', undefined, client.None(), options)
    const device = await client.initiateDeviceAuthorization(cli, { scope: 'openid offline_access sync' })
    await browse(device.verification_uri_complete)
    device.interval = 0
    const given = await client.pollDeviceAuthorizationGrant(cli, device)
    assert(given.access_token && given.refresh_token && given.claims().sub)
  },
  async 'a response that another server could have sent is refused'() {
    const [back, checks] = await signIn(app, `${server}/auth`, 'openid')
    back.searchParams.set('iss', 'https://evil.example')
    await assert.rejects(client.authorizationCodeGrant(app, back, checks), mixedUp)
    const [again, same] = await signIn(app, `${server}/auth`, 'openid')
    again.searchParams.delete('iss')
    await assert.rejects(client.authorizationCodeGrant(app, again, same), mixedUp)
  },
  async 'another verifier is refused'() {
    const [back, checks] = await signIn(app, `${server}/auth`, 'openid')
    const other = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() }
    assert.equal(await refused(client.authorizationCodeGrant(app, back, other)), 'invalid_grant')
  },
  async 'an error comes back as one'() {
    const [back, checks] = await signIn(app, `${server}/auth`, 'openid admin')
    assert.equal(await refused(client.authorizationCodeGrant(app, back, checks)), 'invalid_scope')
  },
  async 'signing out'() {
    const [back, checks] = await signIn(app, `${server}/auth`, 'openid')
    const given = await client.authorizationCodeGrant(app, back, checks)
    const end = client.buildEndSessionUrl(app, { id_token_hint: given.id_token, post_logout_redirect_uri: `${server}/`, state: 's' })
    assert.equal((await browse(end)).href, `${server}/?state=s`)
    assert.equal((await browse(client.buildAuthorizationUrl(app, { redirect_uri: `${server}/auth`, scope: 'openid' }))).searchParams.get('error'), 'invalid_request')
  },
})

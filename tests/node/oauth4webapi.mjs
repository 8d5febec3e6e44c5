// npm oauth4webapi against our server, with every check it knows: `node oauth4webapi.mjs URL COOKIE`.

import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'

import { browse, server, tell } from './oauth.mjs'

const insecure = { [oauth.allowInsecureRequests]: true }
const issuer = new URL(server)
const client = { client_id: 'limber-app' }
const redirect = `${server}/auth`

async function discover(algorithm) {
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...insecure, algorithm }))
}

async function signIn(as, scope, nonce) {
  const verifier = oauth.generateRandomCodeVerifier()
  const state = oauth.generateRandomState()
  const request = new URL(as.authorization_endpoint)
  const asked = {
    client_id: client.client_id, response_type: 'code', redirect_uri: redirect, scope, state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...(nonce ? { nonce } : {}),
  }
  for (const [name, value] of Object.entries(asked)) request.searchParams.set(name, value)
  const parameters = oauth.validateAuthResponse(as, client, await browse(request), state)
  return oauth.authorizationCodeGrantRequest(as, client, oauth.None(), parameters, redirect, verifier, insecure)
}

const as = await discover('oidc')

await tell({
  async 'both discovery documents'() {
    assert.deepEqual(await discover('oauth2'), as)
  },
  async 'an access token that a resource server checks by RFC 9068'() {
    const given = await oauth.processAuthorizationCodeResponse(as, client, await signIn(as, 'offline_access sync'))
    const request = new Request(`${server}/v1/sync`, { headers: { authorization: `Bearer ${given.access_token}` } })
    const claims = await oauth.validateJwtAccessToken(as, request, 'urn:limber:api', insecure)
    assert.equal(claims.scope, 'offline_access sync')
    await assert.rejects(oauth.validateJwtAccessToken(as, request, 'urn:other', insecure))
  },
  async 'an ID token whose signature, nonce and at_hash hold'() {
    const nonce = oauth.generateRandomNonce()
    const response = await signIn(as, 'openid sync', nonce)
    const given = await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: nonce, requireIdToken: true })
    await oauth.validateApplicationLevelSignature(as, response, insecure)
    const info = await oauth.userInfoRequest(as, client, given.access_token, insecure)
    const claims = oauth.getValidatedIdTokenClaims(given)
    assert.equal((await oauth.processUserInfoResponse(as, client, claims.sub, info)).sub, claims.sub)
  },
  async 'a refresh, and what a stolen token then is worth'() {
    const first = await oauth.processAuthorizationCodeResponse(as, client, await signIn(as, 'offline_access sync'))
    const refresh = async (token) =>
      oauth.processRefreshTokenResponse(as, client, await oauth.refreshTokenGrantRequest(as, client, oauth.None(), token, insecure))
    const second = await refresh(first.refresh_token)
    await assert.rejects(refresh(first.refresh_token), (error) => error.error === 'invalid_grant')
    await assert.rejects(refresh(second.refresh_token), (error) => error.error === 'invalid_grant')
  },
  async 'revocation'() {
    const given = await oauth.processAuthorizationCodeResponse(as, client, await signIn(as, 'offline_access sync'))
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, client, oauth.None(), given.refresh_token, insecure))
    const again = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), given.refresh_token, insecure)
    await assert.rejects(oauth.processRefreshTokenResponse(as, client, again), (error) => error.error === 'invalid_grant')
  },
})

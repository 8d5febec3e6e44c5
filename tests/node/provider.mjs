// An OpenID provider nobody here wrote (npm oidc-provider), on loopback: `node provider.mjs PORT REDIRECT_URI`.
// POST /test/person {sub, email, …} says who is at the provider's screen; an empty sub refuses to sign in.
import { generateKeyPairSync } from "node:crypto";
import http from "node:http";
import Provider from "oidc-provider";

const [port, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const people = new Map();
let person = { sub: "" };

const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "limber",
      client_secret: "a secret of sixty-four characters, which no one else knows, here",
      redirect_uris: [redirectUri],
      id_token_signed_response_alg: "ES256",
    },
  ],
  jwks: { keys: [{ ...key, kid: "one", use: "sig", alg: "ES256" }] },
  cookies: { keys: ["not a secret: this provider lives for one test"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/test/interaction/${interaction.uid}` },
  findAccount: (_, sub) => ({ accountId: sub, claims: () => people.get(sub) }),
});
const pages = provider.callback();

async function interact(request, response) {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  let result;
  if (!person.sub) {
    result = { error: "access_denied", error_description: "the person said no" };
  } else if (prompt.name === "login") {
    result = { login: { accountId: person.sub } };
  } else {
    const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
    grant.addOIDCScope(params.scope);
    result = { consent: { grantId: await grant.save() } };
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function choose(request, response) {
  const parts = [];
  for await (const part of request) parts.push(part);
  person = JSON.parse(Buffer.concat(parts).toString());
  people.set(person.sub, person);
  response.writeHead(204).end();
}

http
  .createServer((request, response) => {
    const own = request.url.startsWith("/test/person") ? choose : request.url.startsWith("/test/") ? interact : null;
    if (own === null) return pages(request, response);
    return own(request, response).catch((error) => response.writeHead(500).end(String(error)));
  })
  .listen(Number(port), "127.0.0.1", () => console.log(`ready ${issuer}`));

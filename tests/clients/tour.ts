// The five-minute tour of the README with a client that openapi-typescript generates. The argument is the URL of a service.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./generated/openapi-typescript.ts";

type Problem = components["schemas"]["Problem"];

const baseUrl = process.argv[2];
assert(baseUrl, "usage: node tour.ts URL");
const email = `ada-${Date.now()}@example.com`;
const password = "violet-harbour-93-lantern";

/** The body of a successful response. */
async function ok<T>(request: Promise<{ data?: T; error?: Problem }>): Promise<T> {
  const { data, error } = await request;
  if (data === undefined) throw new Error(`${error?.code}: ${error?.detail}`);
  return data;
}

/** The problem of a failed response. */
async function problem(request: Promise<{ error?: Problem; response: Response }>, status: number): Promise<Problem> {
  const { error, response } = await request;
  assert(error, `no problem, but ${response.status}`);
  assert.equal(response.status, status);
  assert.equal(error.status, status);
  return error;
}

const anonymous = createClient<paths>({ baseUrl });
const registered = await ok(anonymous.POST("/api/v1/auth/register", { body: { email, password, display_name: "Ada" } }));
// With TESSERA_REGISTRATION=verified, the response has no user yet.
assert("email" in registered);
assert.equal(registered.email, email);

// Codes are an enumeration, so the compiler knows each of them.
const taken = await problem(anonymous.POST("/api/v1/auth/register", { body: { email, password } }), 409);
// @ts-expect-error There is no such code.
assert(taken.code !== "email_takn");
assert(taken.code === "email_taken");
const weak = await problem(anonymous.POST("/api/v1/auth/register", { body: { email: "ada", password: "short" } }), 400);
assert(weak.code === "invalid_body");
const fields = weak.errors?.map(({ pointer, code }) => [pointer, code] as const) ?? [];
assert.deepEqual(fields.map(([pointer]) => pointer).sort(), ["/email", "/password"]);
// @ts-expect-error There is no such code of a field error.
assert(fields.every(([, code]) => code !== "to_short"));

const { token } = await ok(anonymous.POST("/api/v1/auth/login", { body: { email, password } }));
const user = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });

const { id: orgId } = await ok(user.POST("/api/v1/orgs", { body: { name: "Analytical Engines" } }));
const { id: appId } = await ok(
  user.POST("/api/v1/orgs/{orgId}/apps", {
    params: { path: { orgId } },
    body: { name: "Dungeon", description: "a game server" },
  }),
);

const { api_key_details: details, raw_key: key } = await ok(
  user.POST("/api/v1/apps/{appId}/apikeys", {
    params: { path: { appId } },
    body: {
      description: "game server",
      expires_in_days: 90,
      restrict_permissions: true,
      permissions: ["event:record", "inventory:read", "inventory:write"],
    },
  }),
);

const game = createClient<paths>({ baseUrl, headers: { "X-API-Key": key } });
const path = { appId };
const sku = "sword-of-dawn";
const created = await game.POST("/api/v1/apps/{appId}/inventory", {
  params: { path },
  body: { sku, name: "Sword of Dawn", quantity: 3 },
});
assert.equal(created.response.status, 201);
// `metadata` is a free object.
const updated = await game.POST("/api/v1/apps/{appId}/inventory", {
  params: { path },
  body: { sku, quantity: 2, metadata: { rarity: "epic", runes: [1, 2], owner: { name: "Ada" } } },
});
assert.equal(updated.response.status, 200);
const items = await ok(game.GET("/api/v1/apps/{appId}/inventory", { params: { path, query: { limit: 10 } } }));
assert.deepEqual(items.map((item) => [item.sku, item.version, item.metadata["rarity"]]), [[sku, 2, "epic"]]);

// One key has one result. Several keys in one request have several.
const verified = async () => {
  const answer = await ok(anonymous.POST("/api/v1/apikeys/verify", { body: { key, permission: "event:record" } }));
  assert("code" in answer);
  return answer;
};
const valid = await verified();
assert(valid.valid && valid.code === "valid");

const { response: revoked } = await user.DELETE("/api/v1/apikeys/{keyId}", { params: { path: { keyId: details.id } } });
assert.equal(revoked.status, 204);
assert.equal((await verified()).code, "revoked");
const rejected = await problem(game.GET("/api/v1/apps/{appId}/inventory", { params: { path } }), 401);
assert(rejected.code === "invalid_token");

const exchanged = await ok(
  user.POST("/api/v1/auth/token/exchange", { body: { organization_id: orgId, audience: appId } }),
);
assert.equal(exchanged.token_type, "Bearer");
const { keys } = await ok(anonymous.GET("/.well-known/jwks.json"));
assert.equal(keys[0]?.alg, "RS256");

// `data` is a free object: any JSON compiles, and its values are unknown until they are checked.
const me = { path: { userId: "me" } };
const stored = await ok(
  user.PUT("/api/v1/users/{userId}/custom-data", {
    params: me,
    body: { data: { theme: "dark", tips: true, nested: { list: [1, null] } } },
  }),
);
const merged = await ok(
  user.PATCH("/api/v1/users/{userId}/custom-data", {
    params: { ...me, header: { "If-Match": `"${stored.version}"` } },
    body: { data: { tips: null, nested: null, language: "en" } },
  }),
);
// @ts-expect-error The type of a value is not known.
merged.data["theme"]?.toUpperCase();
assert.deepEqual(merged.data, { theme: "dark", language: "en" });

const invitation = await ok(
  user.POST("/api/v1/orgs/{orgId}/invitations", {
    params: { path: { orgId } },
    body: { email: "grace@example.com", role: "admin" },
  }),
);
assert(invitation.status === "pending" && invitation.role === "admin");
console.log("TypeScript: the tour works");

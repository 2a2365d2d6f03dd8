import type { OpenAPIHono } from '@hono/zod-openapi';

/** What the middleware leaves for the handlers. */
export interface ApiEnv {
  readonly Variables: {
    /** Names this request in answers and logs. */
    requestId: string;
    /** Whose key it came with; set on every path that needs a key. */
    tenantId: string;
  };
}

/** The application as resources see it. */
export type Api = OpenAPIHono<ApiEnv>;

/** Names who acts for a tenant, as events name their source. */
export function actorOf(tenantId: string): string {
  return `/users/${tenantId}`;
}

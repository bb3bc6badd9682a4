/** Where the query cache keeps a live topic: written by the live link, read by the queries.
 *  The cache keeps each part of an answer that is equal to the one before, so what did not change is not drawn again. */
export const liveKey = (topic: string) => ['live', topic] as const;

export const SET_ASIDE_KEY = ['set-aside'] as const;
export const TRUST_KEY = ['trust'] as const;
export const PLAN_KEY = ['furnace-plan'] as const;
export const loadKey = (loadId: string) => ['furnace-load', loadId] as const;
export const STACKS_KEY = ['stacks-to-build'] as const;
export const SESSION_KEY = ['session'] as const;
export const ROLES_KEY = ['roles'] as const;
export const OPENID_KEY = ['openid'] as const;
export const PERSONS_KEY = ['persons'] as const;

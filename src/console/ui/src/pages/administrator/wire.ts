// Owns what the administrators' routes answer, as access/accounts.rs, access/tokens.rs and keys/trail.rs give it.
import type { Role, Scope } from "../../wire";

export interface Account {
  id: string;
  role: Role;
  /** False: an administrator's account that the security administrator has not approved. */
  approved: boolean;
  closed: boolean;
  one_time_password: boolean;
  second_factor: boolean;
  locked_until?: number | null;
  created: number;
  last_sign_in?: number | null;
}

export interface Token {
  id: number;
  name: string;
  scopes: Scope[];
  made: number;
  /** None: until it is revoked. */
  expires?: number | null;
}

export interface TrailRow {
  number: number;
  at: number;
  kind: string;
  subject: string;
  object: string;
  /** `done`, or why not. */
  result: string;
  /** Empty for the box itself. */
  address: string;
}

export interface Verification {
  rows: number;
  fault?: string | null;
}

export const ADMINISTRATORS = ["system_administrator", "security_administrator", "audit_administrator"] as const;
export type Administrator = (typeof ADMINISTRATORS)[number];
export const isAdministrator = (role: Role): role is Administrator => (ADMINISTRATORS as readonly Role[]).includes(role);

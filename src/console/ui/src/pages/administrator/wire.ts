// Owns what of the wire the administrators' page uses, and which roles it is for.
import type { Role } from "../../wire";
export type { Account, AuditVerification as Verification, Token, TrailRow } from "../../wire";

export const ADMINISTRATORS = ["system_administrator", "security_administrator", "audit_administrator"] as const;
export type Administrator = (typeof ADMINISTRATORS)[number];
export const isAdministrator = (role: Role): role is Administrator => (ADMINISTRATORS as readonly Role[]).includes(role);

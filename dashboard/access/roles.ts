import type { UserRole } from '../../store/access-store.ts'
import type { Permission } from '../http/route.ts'

/** Who may do what. An auditor sees everything, the audit log included, and changes nothing. */
export const permissionsOf: Readonly<Record<UserRole, readonly Permission[]>> = {
  admin: ['read', 'change', 'audit', 'admin'],
  analyst: ['read', 'change'],
  auditor: ['read', 'audit'],
}

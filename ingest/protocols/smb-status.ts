/** What the status of a SESSION_SETUP answer says of the login attempt. */
export type SmbMeaning = 'success' | 'continues' | 'failure' | 'unknown'

/** NT status values (MS-ERREF §2.3.1) with which a server refuses a login. */
const refusals: ReadonlyMap<number, string> = new Map([
  [0xc0000022, 'STATUS_ACCESS_DENIED'],
  [0xc000005e, 'STATUS_NO_LOGON_SERVERS'],
  [0xc0000064, 'STATUS_NO_SUCH_USER'],
  [0xc000006a, 'STATUS_WRONG_PASSWORD'],
  [0xc000006d, 'STATUS_LOGON_FAILURE'],
  [0xc000006e, 'STATUS_ACCOUNT_RESTRICTION'],
  [0xc000006f, 'STATUS_INVALID_LOGON_HOURS'],
  [0xc0000070, 'STATUS_INVALID_WORKSTATION'],
  [0xc0000071, 'STATUS_PASSWORD_EXPIRED'],
  [0xc0000072, 'STATUS_ACCOUNT_DISABLED'],
  [0xc0000133, 'STATUS_TIME_DIFFERENCE_AT_DC'],
  [0xc000015b, 'STATUS_LOGON_TYPE_NOT_GRANTED'],
  [0xc000018b, 'STATUS_NO_TRUST_SAM_ACCOUNT'],
  [0xc000018d, 'STATUS_TRUSTED_RELATIONSHIP_FAILURE'],
  [0xc0000192, 'STATUS_NETLOGON_NOT_STARTED'],
  [0xc0000193, 'STATUS_ACCOUNT_EXPIRED'],
  [0xc0000199, 'STATUS_NOLOGON_WORKSTATION_TRUST_ACCOUNT'],
  [0xc0000224, 'STATUS_PASSWORD_MUST_CHANGE'],
  [0xc0000234, 'STATUS_ACCOUNT_LOCKED_OUT'],
  [0xc0000388, 'STATUS_DOWNGRADE_DETECTED'],
  [0xc0000413, 'STATUS_AUTHENTICATION_FIREWALL_FAILED'],
])

/** Other answers to a SESSION_SETUP; no verdict on the credentials. */
const others: ReadonlyMap<number, string> = new Map([
  [0xc000000d, 'STATUS_INVALID_PARAMETER'],
  [0xc0000016, 'STATUS_MORE_PROCESSING_REQUIRED'],
  [0xc00000bb, 'STATUS_NOT_SUPPORTED'],
  [0xc00000d0, 'STATUS_REQUEST_NOT_ACCEPTED'],
  [0xc0000203, 'STATUS_USER_SESSION_DELETED'],
  [0xc0000205, 'STATUS_INSUFF_SERVER_RESOURCES'],
  [0xc000035c, 'STATUS_NETWORK_SESSION_EXPIRED'],
])

const moreProcessingRequired = 0xc0000016
const pending = 0x00000103

export function statusMeaning(status: number): SmbMeaning {
  if (status === 0) return 'success'
  if (status === moreProcessingRequired || status === pending) return 'continues'
  return refusals.has(status) ? 'failure' : 'unknown'
}

/** Name of MS-ERREF, or the number as `0xC0000001`. */
export function statusWord(status: number): string {
  return (
    refusals.get(status) ??
    others.get(status) ??
    `0x${status.toString(16).toUpperCase().padStart(8, '0')}`
  )
}

/**
 * NT status of a DOS error class and code (MS-CIFS §2.2.2.4), for SMB1 servers that do not answer in NT status:
 * ERRSRV/ERRbadpw, ERRDOS/ERRnoaccess, ERRSRV/ERRaccess and the account errors of ERRSRV. Others keep both numbers, in
 * the layout of the field: class in the lowest byte, code in the upper half.
 */
export function statusOfDosError(errorClass: number, code: number): number {
  const [dos, server] = [1, 2]
  if (errorClass === 0 && code === 0) return 0
  if (errorClass === server && code === 2) return 0xc000006d
  if ((errorClass === dos && code === 5) || (errorClass === server && code === 4)) return 0xc0000022
  if (errorClass === server && code === 2239) return 0xc0000072
  if (errorClass === server && code === 2240) return 0xc0000070
  if (errorClass === server && code === 2241) return 0xc000006f
  if (errorClass === server && code === 2242) return 0xc0000071
  return ((code << 16) | errorClass) >>> 0
}

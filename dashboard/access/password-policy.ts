/** NIST SP 800-63B §5.1.1.2: length, and nothing that is tried first; no rules about kinds of characters. */
export const passwordCharactersMin = 12
export const passwordCharactersMax = 128
/** A password of fewer different characters is a pattern. */
const differentCharactersMin = 5

/** The commonest of 12 characters and more, and what people make of this program's name and place. */
const commonest = new Set([
  '123456789012',
  '1234567890123',
  '12345678901234',
  '123456789abc',
  '123456789101112',
  '123123123123',
  '1q2w3e4r5t6y',
  '1q2w3e4r5t6y7u',
  '1qaz2wsx3edc',
  '1qaz2wsx3edc4rfv',
  'qazwsxedcrfv',
  'qwertyuiop12',
  'qwertyuiop123',
  'qwertyuiop[]',
  'qwertyuiopasdfghjkl',
  'qwertyqwerty',
  'qwerty123456',
  'qwerty12345678',
  'asdfghjkl123',
  'zaq12wsxcde3',
  'password1234',
  'password12345',
  'password123456',
  'password123!',
  'password2024',
  'password2025',
  'password2026',
  'passwordpassword',
  'mypassword123',
  'administrator',
  'administrator1',
  'administrator123',
  'adminadmin12',
  'adminadminadmin',
  'admin1234567',
  'admin12345678',
  'changeme1234',
  'changemenow1',
  'changeme12345',
  'welcome12345',
  'welcome123456',
  'letmein12345',
  'letmein123456',
  'iloveyou1234',
  'iloveyou12345',
  'sunshine1234',
  'princess1234',
  'football1234',
  'baseball1234',
  'abcdefghijkl',
  'abcdefghijklm',
  'abcd1234abcd',
  'abc123abc123',
  'superman1234',
  'trustno1trustno1',
  'correcthorsebatterystaple',
  'hospital1234',
  'hospital12345',
  'wardwatch123',
  'wardwatch1234',
  'wardwatchward',
  'wardwatchwardwatch',
  'securitysecurity',
])

/**
 * What is wrong with a new password, as a sentence for who chose it; null when it will do. Compared in NFKC and lower
 * case; spaces count.
 */
export function passwordFault(password: string, userName: string): string | null {
  // Code points, as NIST counts.
  const characters = Array.from(password)
  if (characters.length < passwordCharactersMin)
    return `use at least ${passwordCharactersMin} characters; a few words will do`
  if (characters.length > passwordCharactersMax)
    return `use at most ${passwordCharactersMax} characters`
  const plain = password.normalize('NFKC').toLowerCase()
  if (userName.length >= 3 && plain.includes(userName.toLowerCase()))
    return 'leave your user name out of it'
  if (commonest.has(plain)) return 'this is one of the first that would be tried; choose another'
  if (new Set(plain).size < differentCharactersMin) return 'this is a pattern; choose another'
  return null
}

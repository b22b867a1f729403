import { expect, test } from 'vitest'
import { passwordFault } from '../../../dashboard/access/password-policy.ts'

test.each([
  { password: 'seven green apples', fault: null },
  { password: 'ααααβββγγδε!', fault: null },
  { password: '        a b c d e', fault: null },
  { password: '💉❤️🩺🏥🚑🧪🧫🩻💊🦠🧬🔬', fault: null },
  { password: 'x'.repeat(64) + 'abcdefg'.repeat(9), fault: null },
  { password: '', fault: /at least 12/ },
  { password: 'elevenchars', fault: /at least 12/ },
  { password: 'abcdefghij'.repeat(13), fault: /at most 128/ },
  { password: 'Password1234', fault: /first that would be tried/ },
  { password: 'ｐａｓｓｗｏｒｄ1234', fault: /first that would be tried/ },
  { password: 'wardwatch1234', fault: /first that would be tried/ },
  { password: 'aaaaaaaaaaaaaaaa', fault: /pattern/ },
  { password: 'abababababab', fault: /pattern/ },
  { password: 'my name is ADA lovelace', fault: /user name/ },
])('$password: $fault', ({ password, fault }) => {
  const said = passwordFault(password, 'ada')
  if (fault === null) expect(said).toBeNull()
  else expect(said).toMatch(fault)
})

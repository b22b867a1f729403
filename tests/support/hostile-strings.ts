const script = 'globalThis.wasRun=1'

/** Names as an attacker gives them to devices: each sets `wasRun` or loads something if it is ever taken for markup. */
export const hostileStrings: readonly string[] = [
  `<script>${script}</script>`,
  `<img src=x onerror="${script}">`,
  `"><svg onload=${script}>`,
  `'><iframe srcdoc="<script>parent.wasRun=1</script>">`,
  `<a href="javascript:${script}">click</a>`,
  `javascript:${script}//`,
  `</title><script>${script}</script>`,
  `</script><script>${script}</script>`,
  `<style>@import '/x.css'</style>`,
  `<base href="http://attacker.example/">`,
  `<meta http-equiv="refresh" content="0;url=http://attacker.example/">`,
  `\u202e\u0000\ufeffreversed`.replace('\u0000', ''),
  `{{constructor.constructor('${script}')()}}`,
  '${' + script + '}',
  '=cmd|calc!A1',
  '__proto__',
  'constructor',
  '\ud83d\udc89\u200d\u2764\ufe0f',
  'x'.repeat(255),
  '&lt;b&gt;&amp;',
]

// How much memory a process has: its proportional share of what is resident, as Linux counts it.
import { existsSync, readFileSync } from 'node:fs'

/** Whether that can be told here. */
export const KNOWN = existsSync('/proc/self/smaps_rollup')

/** Bytes; 0 when the process has ended. */
export function resident (pid) {
  try {
    return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024
  } catch {
    return 0
  }
}

/** The process that a page runs in: the renderer that grows when the page takes memory. */
export async function rendererOf (page) {
  const browser = await page.context().browser().newBrowserCDPSession()
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo')
  await browser.detach()
  const renderers = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => [id, resident(id)])
  await page.evaluate(() => { globalThis.ballast = new Uint8Array(64 << 20).fill(1) })
  const grown = renderers.map(([id, before]) => [id, resident(id) - before]).sort(([, a], [, b]) => b - a)
  await page.evaluate(() => { delete globalThis.ballast })
  const session = await page.context().newCDPSession(page)
  await session.send('HeapProfiler.collectGarbage')
  await session.detach()
  const [[id, growth]] = grown
  if (growth < 48 << 20) throw new Error(`no renderer grew: ${JSON.stringify(grown)}`)
  return id
}

/** Watches a process until `stop()`, which gives the most that it had. */
export function watch (pid, every = 50) {
  let most = resident(pid)
  const timer = setInterval(() => { most = Math.max(most, resident(pid)) }, every)
  return { stop: () => (clearInterval(timer), most) }
}
